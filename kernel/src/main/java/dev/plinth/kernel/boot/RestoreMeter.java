package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * How far a restore has come. The kernel's state is gone through three times: it is compared with
 * its checksum, read, and made objects of; each takes its share of the time, an estimate.
 *
 * <p>Confined to one thread.
 */
@NotSaved("of one restore")
final class RestoreMeter {
    private static final int CHECKING = 1;
    private static final int READING = 3;
    private static final int MAKING = 12;

    private final RestoreProgress progress;
    private final long bytes;
    private long checked;
    private long read;
    private long made;

    /**
     * Nothing is done yet.
     *
     * @param bytes how long the kernel's state is
     */
    RestoreMeter(RestoreProgress progress, long bytes) {
        this.progress = requireNonNull(progress, "progress is null");
        this.bytes = bytes;
    }

    /** So many more bytes are compared. */
    void checked(long count) {
        checked += count;
        report();
    }

    /** So many objects of all are made. */
    void made(int objects, int all) {
        made = bytes * objects / Math.max(1, all);
        report();
    }

    /** All is made. */
    void complete() {
        progress.at(bytes, bytes);
    }

    /** The same stream, whose bytes are read. */
    InputStream counting(InputStream in) {
        return new FilterInputStream(in) {
            @Override
            public int read() throws IOException {
                int value = super.read();
                count(value < 0 ? 0 : 1);
                return value;
            }

            @Override
            public int read(byte[] target, int offset, int length) throws IOException {
                int count = super.read(target, offset, length);
                count(Math.max(0, count));
                return count;
            }

            private void count(int more) {
                read += more;
                report();
            }
        };
    }

    private void report() {
        long done = checked * CHECKING + read * READING + made * MAKING;
        progress.at(Math.min(bytes, done / (CHECKING + READING + MAKING)), bytes);
    }
}
