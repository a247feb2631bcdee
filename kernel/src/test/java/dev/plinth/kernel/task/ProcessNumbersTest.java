package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.OptionalInt;

/** The numbers of processes. */
final class ProcessNumbersTest {
    private final ProcessNumbers numbers = new ProcessNumbers();

    @Test
    void theyAscendFromOne() {
        assertEquals(OptionalInt.of(1), numbers.take());
        numbers.release(1);
        assertEquals(OptionalInt.of(2), numbers.take());
    }

    @Test
    void theyStartAgainAboveTheReservedOnes() {
        for (int i = 1; i < ProcessNumbers.LIMIT; i++) {
            assertEquals(OptionalInt.of(i), numbers.take());
        }
        assertEquals(OptionalInt.empty(), numbers.take());
        numbers.release(7);
        numbers.release(400);
        numbers.release(401);
        assertEquals(OptionalInt.of(400), numbers.take());
        assertEquals(OptionalInt.of(401), numbers.take());
        assertEquals(OptionalInt.empty(), numbers.take());
    }
}
