package dev.plinth.kernel.strace;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;

/**
 * The lines of a trace that several tasks write, in the order in which things happened.
 *
 * <p>A line is written when its call is over. If another task has a line to write before that, the
 * call is shown in two, as {@code strace -f} does: {@code wait4(-1 <unfinished ...>}, and later
 * {@code <... wait4 resumed>}.
 */
final class TraceLines {
    /** The column at which results stand, where there is room, as strace(1) has it. */
    private static final int RESULT_COLUMN = 46;

    private final Consumer<String> lines;

    private final Object openLock = new Object();

    /** What has been begun, by the task's number, the longest ago first. */
    @GuardedBy("openLock")
    private final Map<Integer, Begun> open = new LinkedHashMap<>();

    /** A call that is not over. */
    private static final class Begun {
        private final String name;
        private final String text;
        private boolean shown;

        Begun(String name, String text) {
            this.name = name;
            this.text = text;
        }
    }

    /**
     * No lines yet.
     *
     * @param lines takes each line, without its end; called by one thread at a time
     */
    TraceLines(Consumer<String> lines) {
        this.lines = requireNonNull(lines, "lines is null");
    }

    /**
     * A task makes a call.
     *
     * @param name of the call
     * @param text what can be shown of it now
     */
    void begin(int tid, String name, String text) {
        synchronized (openLock) {
            open.put(tid, new Begun(name, text));
        }
    }

    /**
     * A task's call is over.
     *
     * @param tid of the task when it made the call
     * @param rest what can be shown of it now, up to the closing parenthesis
     * @param result what it gave
     */
    void end(int tid, String rest, String result) {
        synchronized (openLock) {
            Begun begun = open.remove(tid);
            if (begun == null) {
                throw new IllegalStateException("task " + tid + " made no call");
            }
            breakOthersOff();
            StringBuilder line = new StringBuilder();
            line.append('[').append(tid).append("] ");
            if (begun.shown) {
                line.append("<... ").append(begun.name).append(" resumed>");
            } else {
                line.append(begun.text);
            }
            line.append(rest).append(')');
            while (line.length() < RESULT_COLUMN) {
                line.append(' ');
            }
            lines.accept(line.append(" = ").append(result).toString());
        }
    }

    @GuardedBy("openLock")
    private void breakOthersOff() {
        open.forEach((tid, begun) -> {
            if (!begun.shown) {
                begun.shown = true;
                lines.accept("[" + tid + "] " + begun.text + " <unfinished ...>");
            }
        });
    }
}
