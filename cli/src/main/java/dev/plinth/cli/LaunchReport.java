package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.MessageException;
import dev.plinth.cli.control.Reply;
import dev.plinth.kernel.boot.RestoreProgress;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * What a sandbox process tells its launcher, over a pipe: how far it is, in lines with {@code
 * progress}; in the last line that it runs, or why it does not, an answer as on control sockets.
 * Confined to one thread.
 */
final class LaunchReport {
    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_FCNTL = 72;
    private static final long F_DUPFD_CLOEXEC = 1030;

    private static final int PIECE_BYTES = 4096;
    private static final int LINE_BYTES_MAX = 1 << 20;
    private static final long PROGRESS_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private static final String PROGRESS = "progress";
    private static final String DONE_BYTES = "done_bytes";
    private static final String TOTAL_BYTES = "total_bytes";

    private final HostKernel host;
    private final HostFd pipe;
    private long nextProgress = System.nanoTime() + PROGRESS_NANOS;

    private LaunchReport(HostKernel host, HostFd pipe) {
        this.host = requireNonNull(host, "host is null");
        this.pipe = requireNonNull(pipe, "pipe is null");
    }

    /**
     * A report that is yet to be made. It can be made also when what was donated is closed.
     *
     * @param pipe the number of the writing end
     */
    static LaunchReport over(HostKernel host, int pipe) {
        long own = host.require("fcntl(launcher)", SYS_FCNTL, pipe, F_DUPFD_CLOEXEC, 3);
        return new LaunchReport(host, new HostFd(host, (int) own));
    }

    /** The launcher has gone: it was interrupted, and nobody is to be told anything. */
    static final class LauncherGoneException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        LauncherGoneException(HostCallException cause) {
            super(cause);
        }
    }

    /**
     * Tells the launcher now and then how far a restore is.
     *
     * @throws LauncherGoneException if the launcher has gone
     */
    void progress(long doneBytes, long totalBytes) {
        if (System.nanoTime() < nextProgress) {
            return;
        }
        nextProgress = System.nanoTime() + PROGRESS_NANOS;
        Message progress =
                Message.empty().with(DONE_BYTES, doneBytes).with(TOTAL_BYTES, totalBytes);
        send(Message.empty().with(PROGRESS, progress));
    }

    /**
     * Tells the launcher that the sandbox runs.
     *
     * @throws LauncherGoneException if the launcher has gone
     */
    void runs() {
        sendLast(Reply.of(Message.empty()));
    }

    /**
     * Tells the launcher why the sandbox does not run.
     *
     * @return false if it was told that it does, and has gone
     * @throws LauncherGoneException if the launcher has gone before it was told
     */
    boolean fails(SandboxException why) {
        if (!pipe.isOpen()) {
            return false;
        }
        sendLast(Reply.refusal(why));
        return true;
    }

    private void sendLast(Message answer) {
        try (pipe) {
            send(answer);
        }
    }

    private void send(Message message) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] line = (message.json() + "\n").getBytes(StandardCharsets.UTF_8);
            MemorySegment bytes = arena.allocate(line.length);
            MemorySegment.copy(line, 0, bytes, ValueLayout.JAVA_BYTE, 0, line.length);
            long written = 0;
            while (written < line.length) {
                written +=
                        host.require(
                                "write(launcher)",
                                SYS_WRITE,
                                pipe.number(),
                                bytes.address() + written,
                                line.length - written);
            }
        } catch (HostCallException e) {
            if (e.is(Errno.EPIPE)) {
                throw new LauncherGoneException(e);
            }
            throw e;
        }
    }

    /**
     * Waits until it is known whether the sandbox runs.
     *
     * @param pipe borrowed; the only writing end is the sandbox's
     * @param progress is told how far it is
     * @throws SandboxException what the sandbox failed with, or that it ended without a word
     */
    static void await(HostKernel host, HostFd pipe, RestoreProgress progress) {
        Lines lines = new Lines(host, pipe);
        try {
            for (String line = lines.next(); !line.isEmpty(); line = lines.next()) {
                Message message = Message.parse(line);
                if (!message.has(PROGRESS)) {
                    Reply.value(message);
                    return;
                }
                Message at = message.object(PROGRESS);
                long total = at.number(TOTAL_BYTES, 1, Long.MAX_VALUE);
                progress.at(at.number(DONE_BYTES, 0, total), total);
            }
        } catch (MessageException e) {
            throw silent(e);
        }
        throw silent(null);
    }

    private static SandboxException silent(Throwable cause) {
        return new SandboxException(
                ErrorCode.CONTROL_BROKEN,
                "the sandbox process ended before the sandbox ran, without saying why",
                "see what it printed above; with --debug-log FILE it tells more",
                cause);
    }

    /** The lines that come over a pipe. */
    private static final class Lines {
        private final HostKernel host;
        private final HostFd pipe;
        private final ByteArrayOutputStream line = new ByteArrayOutputStream();

        /** What was read, and how much of it was looked at. */
        private byte[] piece = new byte[0];

        private int at;

        Lines(HostKernel host, HostFd pipe) {
            this.host = host;
            this.pipe = pipe;
        }

        /** The next line without its end; what there is of it if it has none, or is too long. */
        String next() {
            line.reset();
            while (line.size() < LINE_BYTES_MAX && (at < piece.length || read())) {
                byte value = piece[at++];
                if (value == '\n') {
                    break;
                }
                line.write(value);
            }
            return line.toString(StandardCharsets.UTF_8).strip();
        }

        private boolean read() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment bytes = arena.allocate(PIECE_BYTES);
                long count;
                do {
                    count = host.syscall(SYS_READ, pipe.number(), bytes.address(), PIECE_BYTES);
                } while (count == -Errno.EINTR.number());
                piece = bytes.asSlice(0, Math.max(0, count)).toArray(ValueLayout.JAVA_BYTE);
                at = 0;
                return count > 0;
            }
        }
    }
}
