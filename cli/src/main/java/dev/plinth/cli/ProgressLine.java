package dev.plinth.cli;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Shows how far something long has come: in one line on a terminal, nowhere else. Confined to one
 * thread.
 */
final class ProgressLine implements AutoCloseable {
    /** Less is done before anyone has looked. */
    private static final long WORTH_SHOWING_BYTES = 64L << 20;

    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");
    private static final int WIDTH = 79;
    private static final int UPDATE_MILLIS = 200;
    private static final long MEBIBYTE = 1 << 20;

    /** Made only if there is something to show, for it takes time to load. */
    private final Optional<ProgressBar> bar;

    private ProgressLine(Optional<ProgressBar> bar) {
        this.bar = bar;
    }

    /**
     * Begins to show something.
     *
     * @param what is done, such as {@code verify}
     * @param bytes how many there are to do
     */
    static ProgressLine start(Console console, String what, long bytes) {
        if (bytes < WORTH_SHOWING_BYTES || !isTerminal()) {
            return new ProgressLine(Optional.empty());
        }
        return new ProgressLine(
                Optional.of(
                        new ProgressBarBuilder()
                                .setTaskName(what)
                                .setInitialMax(bytes)
                                .setUnit(" MiB", MEBIBYTE)
                                .setStyle(ProgressBarStyle.ASCII)
                                .setUpdateIntervalMillis(UPDATE_MILLIS)
                                .setMaxRenderedLength(WIDTH)
                                .setConsumer(new ConsoleProgressBarConsumer(console.err(), WIDTH))
                                .build()));
    }

    private static boolean isTerminal() {
        try {
            Path target = Files.readSymbolicLink(STANDARD_ERROR);
            return target.startsWith("/dev/pts") || target.toString().startsWith("/dev/tty");
        } catch (IOException e) {
            // It is closed, or there is no /proc: nobody would see anything.
            return false;
        }
    }

    /** Some more bytes are done. */
    void add(long bytes) {
        bar.ifPresent(line -> line.stepBy(bytes));
    }

    @Override
    public void close() {
        bar.ifPresent(ProgressBar::close);
    }
}
