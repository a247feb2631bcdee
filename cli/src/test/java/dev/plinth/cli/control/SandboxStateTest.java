package dev.plinth.cli.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

final class SandboxStateTest {
    private static SandboxState of(HostProcess process) {
        return new SandboxState(
                "a",
                SandboxState.Status.RUNNING,
                process,
                "none",
                Instant.EPOCH,
                "/",
                List.of("x"),
                Optional.empty(),
                OptionalInt.empty());
    }

    @Test
    void whatHasEndedStaysSo() {
        SandboxState ended = of(HostProcess.current()).stopped(OptionalInt.of(137));
        assertEquals(ended, ended.with(SandboxState.Status.RUNNING));
        assertEquals(ended, ended.with(SandboxState.Status.PAUSED));
        SandboxState moved = ended.onPlatform("other");
        assertEquals(SandboxState.Status.STOPPED, moved.status());
        assertEquals(OptionalInt.of(137), moved.exitStatus());
    }

    @Test
    void oneWhoseProcessIsGoneHasEndedAsFarAsIsKnown() {
        // No process of this number began when this says.
        HostProcess gone = new HostProcess(ProcessHandle.current().pid(), 1);
        SandboxState state = of(gone);
        assertFalse(state.isAlive());
        assertEquals(state.stopped(OptionalInt.empty()), state.asOfNow());
        SandboxState known =
                new SandboxState(
                        "a",
                        SandboxState.Status.RUNNING,
                        gone,
                        "none",
                        Instant.EPOCH,
                        "/",
                        List.of("x"),
                        Optional.empty(),
                        OptionalInt.of(3));
        assertEquals(known.stopped(OptionalInt.of(3)), known.asOfNow());
    }

    @Test
    void whatIsWrittenDownIsRead() {
        SandboxState state = of(HostProcess.current());
        assertEquals(state, SandboxState.of(state.toMessage()));
        assertFalse(state.shown().has("image"));
        SandboxState restored =
                new SandboxState(
                        "a",
                        SandboxState.Status.PAUSED,
                        HostProcess.current(),
                        "none",
                        Instant.EPOCH,
                        "/srv",
                        List.of("sh", "-c", ""),
                        Optional.of("/images/one"),
                        OptionalInt.empty());
        assertEquals(restored, SandboxState.of(restored.toMessage()));
        assertEquals("/images/one", restored.shown().string("image"));
        assertEquals(Optional.of("/images/one"), restored.stopped(OptionalInt.of(1)).image());
    }
}
