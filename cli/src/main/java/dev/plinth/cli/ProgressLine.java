package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Shows how far something long has come: in one line on a terminal, nowhere else. Confined to one
 * thread. When it is closed, nothing more is shown.
 */
final class ProgressLine implements AutoCloseable {
    /** Less is done before anyone has looked. */
    private static final long WORTH_SHOWING_BYTES = 64L << 20;

    /** So is what takes no longer. */
    private static final long WORTH_SHOWING_NANOS = TimeUnit.MILLISECONDS.toNanos(300);

    private static final Path STANDARD_ERROR = Path.of("/proc/self/fd/2");
    private static final int WIDTH = 79;
    private static final int UPDATE_MILLIS = 200;
    private static final long MEBIBYTE = 1 << 20;

    private final Console console;
    private final String what;

    /** Whether there is somebody to see it; asked once, and only when there is something. */
    private final BooleanSupplier visible;

    /** From when on it is shown. */
    private final long showAt;

    private boolean decided;

    /** Made only if there is something to show, for it takes time to load. */
    private Optional<ProgressBar> bar = Optional.empty();

    private ProgressLine(Console console, String what, BooleanSupplier visible, long showAt) {
        this.console = requireNonNull(console, "console is null");
        this.what = requireNonNull(what, "what is null");
        this.visible = requireNonNull(visible, "visible is null");
        this.showAt = showAt;
    }

    /**
     * Begins to show something of which is known how much it is.
     *
     * @param what is done, such as {@code verify}
     * @param bytes how many there are to do
     */
    static ProgressLine start(Console console, String what, long bytes) {
        ProgressLine line =
                new ProgressLine(
                        console,
                        what,
                        () -> bytes >= WORTH_SHOWING_BYTES && isTerminal(),
                        System.nanoTime());
        line.at(0, bytes);
        return line;
    }

    /** Will show something if it takes long. */
    static ProgressLine ifLong(Console console, String what) {
        return ifLong(console, what, ProgressLine::isTerminal, WORTH_SHOWING_NANOS);
    }

    /** As {@link #ifLong(Console, String)}, with what it depends on. */
    static ProgressLine ifLong(
            Console console, String what, BooleanSupplier visible, long patienceNanos) {
        return new ProgressLine(console, what, visible, System.nanoTime() + patienceNanos);
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

    private void show(long done, long bytes) {
        bar =
                Optional.of(
                        new ProgressBarBuilder()
                                .setTaskName(what)
                                .setInitialMax(bytes)
                                .startsFrom(done, Duration.ZERO)
                                .setUnit(" MiB", MEBIBYTE)
                                .setStyle(ProgressBarStyle.ASCII)
                                .setUpdateIntervalMillis(UPDATE_MILLIS)
                                .setMaxRenderedLength(WIDTH)
                                .setConsumer(new ConsoleProgressBarConsumer(console.err(), WIDTH))
                                .build());
    }

    /** Some more bytes are done. */
    void add(long bytes) {
        bar.ifPresent(line -> line.stepBy(bytes));
    }

    /** So many bytes of all are done. */
    void at(long done, long bytes) {
        if (bar.isPresent()) {
            bar.get().stepTo(done);
        } else if (!decided && System.nanoTime() - showAt >= 0) {
            decided = true;
            if (visible.getAsBoolean()) {
                show(done, bytes);
            }
        }
    }

    @Override
    public void close() {
        bar.ifPresent(ProgressBar::close);
    }
}
