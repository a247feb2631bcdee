package dev.plinth.kernel.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.TaskState;
import dev.plinth.kernel.state.proto.TaskSubsystemState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;

import java.io.OutputStream;

/** What no reader takes is not written. */
@Timeout(60)
final class StateWriterTest {
    private final StateWriter writer = new StateWriter((offset, length) -> {});

    private static void assertUnsavable(Executable saving) {
        SandboxException e = assertThrows(SandboxException.class, saving);
        assertEquals(ErrorCode.STATE_UNSAVABLE, e.code(), e::getMessage);
    }

    private static ByteString tooMuch() {
        return ByteString.copyFrom(new byte[StateReader.MESSAGE_BYTES_MAX]);
    }

    @Test
    void anObjectThatIsTooLong() {
        int _ =
                writer.reference(_ ->
                        ObjectState.newBuilder()
                                .setTask(TaskState.newBuilder().setName(tooMuch())));
        assertUnsavable(writer::saveAll);
    }

    @Test
    void aKernelThatIsTooLong() {
        KernelState kernel =
                KernelState.newBuilder()
                        .setTasks(TaskSubsystemState.newBuilder().setVdso(tooMuch()))
                        .build();
        assertUnsavable(() -> writer.writeTo(kernel, OutputStream.nullOutputStream()));
    }
}
