package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.TaskSubsystemState;
import dev.plinth.kernel.time.Clock;

import java.util.Optional;

/**
 * What of a sandbox goes back to before it was restored.
 *
 * @param bootMonotonicNanos when it began, on the monotonic clock
 * @param restores how often it was restored since
 * @param oomKills how many processes were killed for lack of memory
 * @param shown what programs were shown of the platform; empty if they are shown what there is
 */
public record SandboxAge(
        long bootMonotonicNanos,
        int restores,
        long oomKills,
        Optional<PlatformCapabilities> shown) {
    public SandboxAge {
        requireNonNull(shown, "shown is null");
    }

    /** Of a sandbox that begins. */
    public static SandboxAge beginning(Clock clock) {
        return new SandboxAge(clock.monotonicNanos(), 0, 0, Optional.empty());
    }

    /**
     * Of a sandbox that is restored.
     *
     * @param shown what programs were shown, which the platform has
     */
    public static SandboxAge restored(KernelState state, PlatformCapabilities shown) {
        TaskSubsystemState tasks = state.getTasks();
        return new SandboxAge(
                state.getBootMonotonicNanos(),
                tasks.getRestores() + 1,
                tasks.getOomKills(),
                Optional.of(shown));
    }
}
