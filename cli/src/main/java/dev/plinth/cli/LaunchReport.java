package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.MessageException;
import dev.plinth.cli.control.Reply;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * What a sandbox process tells its launcher, over a pipe: that it runs, or why it does not. One
 * line, an answer as on control sockets. Confined to one thread.
 */
final class LaunchReport {
    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_FCNTL = 72;
    private static final long F_DUPFD_CLOEXEC = 1030;

    private static final int PIECE_BYTES = 4096;
    private static final int REPORT_BYTES_MAX = 1 << 20;

    private final HostKernel host;
    private final HostFd pipe;

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
     * Tells the launcher that the sandbox runs.
     *
     * @throws LauncherGoneException if the launcher has gone
     */
    void runs() {
        send(Reply.of(Message.empty()));
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
        send(Reply.refusal(why));
        return true;
    }

    private void send(Message answer) {
        try (Arena arena = Arena.ofConfined()) {
            byte[] line = (answer.json() + "\n").getBytes(StandardCharsets.UTF_8);
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
        } finally {
            pipe.close();
        }
    }

    /**
     * Waits for the report.
     *
     * @param pipe borrowed; the only writing end is the sandbox's
     * @throws SandboxException what the sandbox failed with, or that it ended without a word
     */
    static void await(HostKernel host, HostFd pipe) {
        String line = readLine(host, pipe);
        try {
            if (!line.isEmpty()) {
                Reply.value(Message.parse(line));
                return;
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

    private static String readLine(HostKernel host, HostFd pipe) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment piece = arena.allocate(PIECE_BYTES);
            while (line.size() < REPORT_BYTES_MAX) {
                long count = host.syscall(SYS_READ, pipe.number(), piece.address(), PIECE_BYTES);
                if (count == -Errno.EINTR.number()) {
                    continue;
                }
                if (count <= 0) {
                    break;
                }
                byte[] bytes = piece.asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
                line.write(bytes, 0, bytes.length);
                if (bytes[bytes.length - 1] == '\n') {
                    break;
                }
            }
        }
        return line.toString(StandardCharsets.UTF_8).strip();
    }
}
