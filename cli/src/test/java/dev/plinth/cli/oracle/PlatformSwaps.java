package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/** Swaps running sandboxes from platform to platform, in turn, at every so many system calls. */
final class PlatformSwaps implements AutoCloseable {
    private final List<LoadedPlatform> platforms;
    private final int everyCalls;
    private final AtomicInteger swaps = new AtomicInteger();

    /** Loads the platforms, which have to work here: first the one that a sandbox goes to first. */
    PlatformSwaps(Plinth plinth, List<String> names, int everyCalls) {
        this.platforms = names.stream().map(plinth::loadPlatform).toList();
        this.everyCalls = everyCalls;
    }

    /** Begins with another sandbox. */
    Run begin() {
        return new Run(platforms, everyCalls, swaps);
    }

    /** How many swaps there were. */
    int count() {
        return swaps.get();
    }

    @Override
    public void close() {
        platforms.forEach(LoadedPlatform::close);
    }

    /** What is done to one sandbox. */
    static final class Run {
        private final List<LoadedPlatform> platforms;
        private final int everyCalls;
        private final AtomicInteger swaps;
        private final AtomicInteger turn = new AtomicInteger();
        private final AtomicReference<String> failure = new AtomicReference<>();

        private Run(List<LoadedPlatform> platforms, int everyCalls, AtomicInteger swaps) {
            this.platforms = requireNonNull(platforms, "platforms is null");
            this.everyCalls = everyCalls;
            this.swaps = requireNonNull(swaps, "swaps is null");
        }

        /** What a sandbox is to be made with. */
        SandboxSpec.Disturbance disturbance() {
            return new SandboxSpec.Disturbance(everyCalls, this::swap);
        }

        private void swap(Sandbox sandbox) {
            LoadedPlatform next = platforms.get(turn.get() % platforms.size());
            try {
                sandbox.swap(next.factory());
                turn.incrementAndGet();
                swaps.incrementAndGet();
            } catch (SandboxException e) {
                if (e.code() != ErrorCode.SANDBOX_STOPPED && e.code() != ErrorCode.SANDBOX_BUSY) {
                    failure.compareAndSet(null, e.code() + ": " + e.getMessage());
                }
            } catch (RuntimeException e) {
                failure.compareAndSet(null, e.toString());
                throw e;
            }
        }

        /** Why a swap failed, if one did; a sandbox that ended first is none. */
        Optional<String> failure() {
            return Optional.ofNullable(failure.get());
        }
    }
}
