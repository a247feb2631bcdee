package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

@Timeout(30)
final class ProgressLineTest {
    private static final long TOTAL = 100L << 20;

    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console =
            new Console(
                    new PrintStream(new ByteArrayOutputStream()),
                    new PrintStream(err, true, StandardCharsets.UTF_8));

    private String shown() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void whatIsLongIsShownUntilItIsClosedAndNoLonger() throws InterruptedException {
        try (ProgressLine line = ProgressLine.ifLong(console, "restore", () -> true, 0)) {
            line.at(TOTAL / 2, TOTAL);
            while (!shown().contains("restore  50%")) {
                Thread.sleep(10);
            }
            line.at(TOTAL, TOTAL);
        }
        String all = shown();
        assertTrue(all.contains("restore 100%") && all.contains("100/100 MiB"), all);
        assertTrue(all.endsWith("\n"), all);
        Thread.sleep(600);
        assertEquals(all, shown());
    }

    @Test
    void whatIsShortIsNotShown() {
        long hour = TimeUnit.HOURS.toNanos(1);
        try (ProgressLine line = ProgressLine.ifLong(console, "restore", () -> true, hour)) {
            line.at(1, TOTAL);
            line.at(TOTAL, TOTAL);
        }
        assertEquals("", shown());
    }

    @Test
    void nothingIsShownWhereNobodySees() {
        try (ProgressLine line = ProgressLine.ifLong(console, "restore", () -> false, 0)) {
            line.at(1, TOTAL);
            line.at(TOTAL, TOTAL);
        }
        assertEquals("", shown());
    }
}
