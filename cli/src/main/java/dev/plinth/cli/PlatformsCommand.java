package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RoundTrip;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.plugin.LoadedPlatform;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** {@code plinth platforms}: what can execute programs here. */
final class PlatformsCommand implements Command {
    private static final int DEVICES_COLUMN = 2;

    private static final Option MEASURE =
            Option.builder()
                    .longOpt("measure")
                    .desc("measure how long a system call takes on each one, before it is served")
                    .get();

    private final Launch launch;

    PlatformsCommand(Launch launch) {
        this.launch = requireNonNull(launch, "launch is null");
    }

    /** What is known of a platform. */
    private record Row(
            String name,
            String description,
            List<DeviceDeclaration> devices,
            Availability availability,
            Optional<RoundTrip> roundTrip) {}

    @Override
    public String name() {
        return "platforms";
    }

    @Override
    public String summary() {
        return "List the platforms: what can execute programs here, and what cannot and why";
    }

    @Override
    public String synopsis() {
        return "[OPTION]...";
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(MEASURE)
                .addOption(CommonOptions.FORMAT)
                .addOption(CommonOptions.PLUGINS);
    }

    @Override
    public String notes() {
        return """
        Example:
          plinth platforms --measure --format json
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return 1;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        arguments.requireNoOperands();
        OutputFormat format = OutputFormat.of(arguments, OutputFormat.TABLE, OutputFormat.JSON);
        DebugLog.onStandardError();
        Plinth plinth = Plinth.create(CommonOptions.plugins(arguments, launch));
        boolean measure = arguments.has(MEASURE);
        List<Row> rows =
                plinth.plugins().names().stream().map(name -> row(plinth, name, measure)).toList();
        console.out().print(format == OutputFormat.JSON ? json(rows) : table(rows, measure));
        return 0;
    }

    /** A plugin that cannot be loaded is a line in the list like any other. */
    private static Row row(Plinth plinth, String name, boolean measure) {
        try (LoadedPlatform platform = plinth.plugins().load(name)) {
            PlatformFactory factory = platform.factory();
            Availability availability = factory.availability(plinth.host());
            boolean measured = measure && availability instanceof Availability.Usable;
            return new Row(
                    name,
                    factory.description(),
                    factory.devices(),
                    availability,
                    measured ? Optional.of(plinth.measure(platform)) : Optional.empty());
        } catch (SandboxException e) {
            return new Row(
                    name,
                    "",
                    List.of(),
                    Availability.unusable(e.getMessage(), e.remedy()),
                    Optional.empty());
        }
    }

    private static String table(List<Row> rows, boolean measured) {
        List<String> heads = new ArrayList<>(List.of("NAME", "USABLE", "DEVICES", "DESCRIPTION"));
        if (measured) {
            heads.add(DEVICES_COLUMN, "ROUND TRIP");
        }
        TextTable table = new TextTable(heads.toArray(String[]::new));
        StringBuilder reasons = new StringBuilder();
        for (Row row : rows) {
            boolean usable = row.availability() instanceof Availability.Usable;
            String devices =
                    row.devices().stream()
                            .map(device -> device.path() + (device.required() ? "" : " (optional)"))
                            .collect(Collectors.joining(", "));
            List<String> cells =
                    new ArrayList<>(
                            List.of(
                                    row.name(),
                                    usable ? "yes" : "no",
                                    devices.isEmpty() ? "-" : devices,
                                    row.description()));
            if (measured) {
                cells.add(DEVICES_COLUMN, row.roundTrip().map(RoundTrip::toString).orElse("-"));
            }
            table.row(cells.toArray(String[]::new));
            if (row.availability() instanceof Availability.Unusable unusable) {
                reasons.append('\n').append(row.name()).append(": ").append(unusable.reason());
                reasons.append("\n    ").append(unusable.remedy()).append('\n');
            }
        }
        return table.toString() + reasons;
    }

    private static String json(List<Row> rows) {
        return Json.array(
                rows,
                (json, row) -> {
                    json.name("name").value(row.name());
                    json.name("description").value(row.description());
                    json.name("usable").value(row.availability() instanceof Availability.Usable);
                    if (row.availability() instanceof Availability.Unusable unusable) {
                        json.name("reason").value(unusable.reason());
                        json.name("remedy").value(unusable.remedy());
                    }
                    if (row.roundTrip().isPresent()) {
                        json.name("round_trip_ns").value(row.roundTrip().get().nanos());
                    }
                    json.name("devices").beginArray();
                    for (DeviceDeclaration device : row.devices()) {
                        json.beginObject();
                        json.name("role").value(device.role().name());
                        json.name("path").value(device.path());
                        json.name("required").value(device.required());
                        json.endObject();
                    }
                    json.endArray();
                });
    }
}
