package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Finds the platform that is fastest on this machine, by trying them: that depends on what the
 * machine's hypervisor, if it has one, makes cheap.
 *
 * <p>Any thread may call any method.
 */
final class FastestPlatform {
    private static final Logger log = LoggerFactory.getLogger(FastestPlatform.class);

    private final HostKernel host;
    private final PlatformMeter meter;

    FastestPlatform(HostKernel host, PlatformMeter meter) {
        this.host = requireNonNull(host, "host is null");
        this.meter = requireNonNull(meter, "meter is null");
    }

    /**
     * Measures those that are usable here.
     *
     * @param platforms to choose from; of two that are equally fast it is the first
     * @return one of them
     * @throws SandboxException if none is usable, with the reasons
     */
    PlatformFactory of(List<PlatformFactory> platforms) {
        Map<PlatformFactory, RoundTrip> measured = new LinkedHashMap<>();
        Map<String, String> refused = new LinkedHashMap<>();
        for (PlatformFactory platform : platforms) {
            switch (platform.availability(host)) {
                case Availability.Unusable unusable ->
                        refused.put(platform.name(), unusable.reason());
                case Availability.Usable usable -> measure(platform, measured, refused);
            }
        }
        PlatformFactory fastest =
                measured.entrySet().stream()
                        .min(Map.Entry.comparingByValue())
                        .map(Map.Entry::getKey)
                        .orElseThrow(() -> noneUsable(refused));
        measured.forEach((platform, roundTrip) ->
                log.info(
                        "platform {}{}: {} a round trip",
                        platform.name(),
                        platform == fastest ? " is chosen" : "",
                        roundTrip));
        refused.forEach((name, reason) -> log.info("platform {} is no choice: {}", name, reason));
        return fastest;
    }

    private void measure(
            PlatformFactory platform,
            Map<PlatformFactory, RoundTrip> measured,
            Map<String, String> refused) {
        try {
            measured.put(platform, meter.measure(platform));
        } catch (SandboxException e) {
            refused.put(platform.name(), e.getMessage());
        }
    }

    private static SandboxException noneUsable(Map<String, String> refused) {
        String reasons =
                refused.entrySet().stream()
                        .map(entry -> entry.getKey() + ": " + entry.getValue())
                        .collect(Collectors.joining("; "));
        return new SandboxException(
                ErrorCode.PLATFORM_UNUSABLE,
                "no platform works here" + (reasons.isEmpty() ? "" : " (" + reasons + ")"),
                "'plinth platforms' tells what each one needs");
    }
}
