package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.donation.ForegroundDonation;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.memory.MemoryFile;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.LongSupplier;

/**
 * Measures the round trip of platforms, with a guest that does nothing but system calls.
 *
 * <p>Any thread may call any method.
 */
final class PlatformMeter {
    private static final int ROUND_TRIPS = 100;

    /** The first ones wait for classes, caches and pages. */
    private static final int WARM_UP = 20;

    private static final long MEMORY_BYTES = 2 << 20;

    /** {@code again: syscall; jmp again}. */
    private static final byte[] CODE = {0x0f, 0x05, (byte) 0xeb, (byte) 0xfc};

    private final HostKernel host;
    private final LongSupplier nanoTime;

    /**
     * Makes a meter.
     *
     * @param nanoTime the clock, as {@link System#nanoTime}
     */
    PlatformMeter(HostKernel host, LongSupplier nanoTime) {
        this.host = requireNonNull(host, "host is null");
        this.nanoTime = requireNonNull(nanoTime, "nanoTime is null");
    }

    /**
     * Makes a platform, lets a guest run on it, and closes it.
     *
     * @param factory of the platform, which is usable here
     * @return the median of {@value #ROUND_TRIPS} round trips
     * @throws SandboxException if the platform cannot be made, or does not execute the guest
     */
    RoundTrip measure(PlatformFactory factory) {
        // A thread of its own: a platform may tie the one that runs a guest to a processor.
        FutureTask<RoundTrip> measurement = new FutureTask<>(() -> measureHere(factory));
        Thread.ofPlatform().name("plinth-measure").start(measurement);
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return measurement.get();
                } catch (InterruptedException e) {
                    // It is over in no time; whoever interrupts finds out after it.
                    interrupted = true;
                } catch (ExecutionException e) {
                    throw failure(factory, e.getCause());
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static SandboxException failure(PlatformFactory factory, Throwable cause) {
        return switch (cause) {
            case SandboxException known -> known;
            case HostCallException refused ->
                    unusable(factory, refused.getMessage(), "choose another platform", refused);
            default -> throw new IllegalStateException("measuring " + factory.name(), cause);
        };
    }

    private static SandboxException unusable(
            PlatformFactory factory, String problem, String remedy, Throwable cause) {
        return new SandboxException(
                ErrorCode.PLATFORM_UNUSABLE,
                "platform %s: %s".formatted(factory.name(), problem),
                remedy,
                cause);
    }

    private RoundTrip measureHere(PlatformFactory factory) {
        try (DonatedDescriptors devices =
                        new ForegroundDonation(host).keep(factory.devices(), Map.of());
                MemoryFile memory = MemoryFile.create(host, MEMORY_BYTES, MEMORY_BYTES);
                Platform platform =
                        factory.create(
                                new DonatedPlatformContext(host, devices, List.of(memory)))) {
            PlatformCapabilities capabilities = platform.capabilities();
            if (!capabilities.has(PlatformFeature.NATIVE_CODE)) {
                throw unusable(
                        factory,
                        "it executes no machine code, so there is nothing to measure",
                        "choose it by its name",
                        null);
            }
            int unit = capabilities.mapUnit();
            long offset = memory.allocate(unit, unit);
            MemorySegment.copy(
                    MemorySegment.ofArray(CODE), 0, memory.slice(offset, unit), 0, CODE.length);
            long start = capabilities.userAddresses().start();
            AddressRange text = AddressRange.ofLength((start + unit - 1) & -unit, unit);
            try (AddressSpace space = platform.newAddressSpace();
                    ExecutionContext context = platform.newContext()) {
                space.map(text, memory, offset, AccessType.READ_EXECUTE);
                return median(factory, space, context, text.start());
            }
        }
    }

    private RoundTrip median(
            PlatformFactory factory, AddressSpace space, ExecutionContext context, long code) {
        Registers registers = new Registers();
        registers.setRip(code);
        long[] nanos = new long[ROUND_TRIPS];
        for (int i = -WARM_UP; i < ROUND_TRIPS; i++) {
            long before = nanoTime.getAsLong();
            Trap trap = context.run(space, registers);
            long after = nanoTime.getAsLong();
            if (!(trap instanceof Trap.SystemCall)) {
                throw unusable(
                        factory, "a system call came out as " + trap, "report it as a bug", null);
            }
            if (i >= 0) {
                nanos[i] = after - before;
            }
        }
        Arrays.sort(nanos);
        return new RoundTrip(nanos[ROUND_TRIPS / 2]);
    }
}
