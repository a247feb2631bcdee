package dev.plinth.cli.checkpoint;

import java.io.IOException;
import java.util.function.BooleanSupplier;

/** What a case prints when it is time for its checkpoint. */
final class Gate {
    static final String READY = "ready\n";
    static final String READY_NOT_TO_BE_STOPPED = "ready, not to be stopped\n";

    private static final long LIMIT_NANOS = 60_000_000_000L;
    private static final long LOOK_MILLIS = 2;

    /** Reads what was printed so far. */
    @FunctionalInterface
    interface Printed {
        String read() throws IOException;
    }

    private Gate() {}

    /**
     * Waits until a case is at its gate.
     *
     * @param ended whether it has ended instead
     * @return what it printed there; empty if it ended, or never comes there
     */
    static String await(Printed printed, BooleanSupplier ended)
            throws IOException, InterruptedException {
        long begun = System.nanoTime();
        while (System.nanoTime() - begun < LIMIT_NANOS) {
            boolean last = ended.getAsBoolean();
            String text = printed.read();
            if (text.contains(READY)) {
                return READY;
            }
            if (text.contains(READY_NOT_TO_BE_STOPPED)) {
                return READY_NOT_TO_BE_STOPPED;
            }
            if (last) {
                break;
            }
            Thread.sleep(LOOK_MILLIS);
        }
        return "";
    }

    /** What was printed but for that. */
    static String without(String printed) {
        return printed.replace(READY, "").replace(READY_NOT_TO_BE_STOPPED, "");
    }
}
