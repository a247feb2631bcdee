package dev.plinth.kernel.fs.procfs;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class LoadAverageTest {
    private static final long MINUTE = 60_000_000_000L;

    private final LoadAverage load = new LoadAverage();

    @Test
    void nothingBusyIsNoLoad() {
        assertArrayEquals(new double[] {0, 0, 0}, load.at(MINUTE, 0));
    }

    @Test
    void twoBusyTasksAreALoadOfTwoInTheEnd() {
        double[] averages = load.at(MINUTE, 2 * MINUTE);
        assertTrue(averages[0] > 1.2 && averages[0] < 1.3, "" + averages[0]);
        assertTrue(averages[1] < averages[0] && averages[2] < averages[1]);
        for (int minute = 2; minute <= 100; minute++) {
            averages = load.at(minute * MINUTE, 2L * minute * MINUTE);
        }
        assertEquals(2, averages[0], 0.001);
        assertEquals(2, averages[2], 0.01);
    }

    @Test
    void askingAgainAtOnceChangesNothing() {
        double[] before = load.at(MINUTE, MINUTE);
        assertArrayEquals(before, load.at(MINUTE, MINUTE));
    }
}
