package dev.plinth.cli.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.boot.ProcessSummary;

import org.junit.jupiter.api.Test;

import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;

final class SandboxServiceTest {
    private static ProcessSummary process(String... arguments) {
        return new ProcessSummary(1, 0, 0, 'S', 1, 0, 0, 0, "a", List.of(arguments));
    }

    @Test
    void argumentsAreToldAsTheyAre() {
        Message told = SandboxService.describe(List.of(process("a", "", "b c"))).getFirst();
        assertEquals(List.of("a", "", "b c"), told.strings("arguments"));
    }

    @Test
    void whateverTheArgumentsThereIsRoomForAllProcesses() {
        // Each character of these takes six bytes.
        ProcessSummary wordy = process("\u0001".repeat(2000), "", "\u0001".repeat(2000), "end");
        List<Message> told = SandboxService.describe(Collections.nCopies(3000, wordy));
        assertEquals(3000, told.size());
        List<String> arguments = told.getFirst().strings("arguments");
        assertTrue(arguments.getLast().endsWith("\u2026"), arguments::toString);
        byte[] answer =
                Reply.of(Message.empty().withAll("processes", told))
                        .json()
                        .getBytes(StandardCharsets.UTF_8);
        assertTrue(answer.length <= Connection.MESSAGE_BYTES_MAX, () -> "" + answer.length);
    }
}
