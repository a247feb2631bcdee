package dev.plinth.cli;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Optional;
import java.util.SequencedMap;

/**
 * Where the kernel's log goes. Any thread may call any method.
 *
 * <p>It is chosen before the first logger is made: slf4j-simple reads its settings once.
 */
final class DebugLog {
    private static final String SETTING = "org.slf4j.simpleLogger.";

    private static final long SYS_OPENAT = 257;
    private static final long AT_FDCWD = -100;
    private static final long O_WRONLY = 1;
    private static final long O_APPEND = 0x400;
    private static final long O_CLOEXEC = 0x80000;

    private final Optional<Path> file;
    private final PrintStream stream;

    private DebugLog(Optional<Path> file, PrintStream stream) {
        this.file = file;
        this.stream = stream;
    }

    /** Warnings and worse, on standard error. */
    static DebugLog onStandardError() {
        System.setProperty(SETTING + "defaultLogLevel", "warn");
        setFormat();
        FileOutputStream err = new FileOutputStream(FileDescriptor.err);
        PrintStream stream = new PrintStream(err, false, StandardCharsets.UTF_8);
        return new DebugLog(Optional.empty(), stream);
    }

    /**
     * Everything down to debug level, in a file. What was in the file is gone.
     *
     * @throws SandboxException if the file cannot be written
     */
    static DebugLog inFile(Path file) {
        setDebugLevel();
        try {
            // Appending: the sandbox has the file open once more, and neither overwrites the other.
            FileOutputStream out = new FileOutputStream(file.toFile(), true);
            if (Files.isRegularFile(file)) {
                out.getChannel().truncate(0);
            }
            PrintStream stream = new PrintStream(out, false, StandardCharsets.UTF_8);
            // It is where slf4j-simple writes to.
            System.setErr(stream);
            return new DebugLog(Optional.of(file), stream);
        } catch (IOException e) {
            throw unusable(file, e);
        }
    }

    /**
     * On standard error, which a launcher has led to where it belongs.
     *
     * @param debug whether that is a log, and gets everything down to debug level
     */
    static DebugLog inherited(boolean debug) {
        DebugLog log = onStandardError();
        if (debug) {
            setDebugLevel();
        }
        return log;
    }

    private static void setDebugLevel() {
        System.setProperty(SETTING + "defaultLogLevel", "debug");
        System.setProperty(SETTING + "log.org.pf4j", "info");
        System.setProperty(SETTING + "showDateTime", "true");
        System.setProperty(SETTING + "dateTimeFormat", "HH:mm:ss.SSS");
        setFormat();
    }

    private static SandboxException unusable(Path file, Throwable cause) {
        return new SandboxException(
                ErrorCode.LOG_UNUSABLE,
                "debug log " + file + " cannot be written",
                "name a file in a directory that exists and that you may write",
                cause);
    }

    /** What is donated to a sandbox on behalf of the log: its file, if it is in one. */
    SequencedMap<FdRole, HostFd> donation(HostKernel host) {
        SequencedMap<FdRole, HostFd> donation = new LinkedHashMap<>();
        file.ifPresent(path -> donation.put(FdRole.LOG, open(host, path)));
        return donation;
    }

    private static HostFd open(HostKernel host, Path file) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(file.toString()).address();
            long flags = O_WRONLY | O_APPEND | O_CLOEXEC;
            return new HostFd(
                    host,
                    (int) host.require("open(" + file + ")", SYS_OPENAT, AT_FDCWD, path, flags));
        } catch (HostCallException e) {
            throw unusable(file, e);
        }
    }

    private static void setFormat() {
        System.setProperty(SETTING + "showLogName", "false");
        System.setProperty(SETTING + "showShortLogName", "true");
    }

    /** Writes a line, with one write(2), so that lines of several threads do not mix. */
    void line(String line) {
        stream.print(line + "\n");
    }
}
