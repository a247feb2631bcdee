package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Does something on a thread that sees mounts of its own, or acts as somebody else; both belong to
 * a thread, and end with it.
 */
final class PrivateThread {
    private static final long SYS_GETEUID = 107;
    private static final long SYS_SETFSUID = 122;
    private static final long SYS_MOUNT = 165;
    private static final long SYS_UNSHARE = 272;

    private static final long CLONE_NEWNS = 0x20000;
    private static final long MS_RDONLY = 1;
    private static final long MS_REMOUNT = 32;
    private static final long MS_REC = 16384;
    private static final long MS_PRIVATE = 1 << 18;
    private static final long NOBODY = 65534;

    private final HostKernel host;

    PrivateThread(HostKernel host) {
        this.host = requireNonNull(host, "host is null");
    }

    /** What a thread of a test does. */
    @FunctionalInterface
    interface Action {
        void run() throws Exception;
    }

    /** Whether the host lets one do any of this. */
    boolean isPrivileged() {
        return host.syscall(SYS_GETEUID) == 0;
    }

    /** Runs an action on a thread of its own, whose mounts nobody else sees. */
    void run(Action action) throws Exception {
        FutureTask<Void> task =
                new FutureTask<>(() -> {
                    host.require("unshare", SYS_UNSHARE, CLONE_NEWNS);
                    mount("none", "/", "none", MS_REC | MS_PRIVATE, "");
                    action.run();
                    return null;
                });
        Thread thread = Thread.ofPlatform().name("private").start(task);
        try {
            task.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AssertionError failure) {
                throw failure;
            }
            throw e;
        } finally {
            thread.join();
        }
    }

    /** From now on this thread has the rights to files that everybody has. */
    void actAsNobody() {
        host.syscall(SYS_SETFSUID, NOBODY);
    }

    void mountMemory(Path directory, long bytes) {
        mount("small", directory.toString(), "tmpfs", 0, "size=" + bytes);
    }

    void resizeMemory(Path directory, long bytes) {
        mount("small", directory.toString(), "tmpfs", MS_REMOUNT, "size=" + bytes);
    }

    void remountReadOnly(Path directory) {
        mount("small", directory.toString(), "tmpfs", MS_REMOUNT | MS_RDONLY, "");
    }

    private void mount(String source, String target, String type, long flags, String options) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom(target);
            host.require(
                    "mount(" + target + ")",
                    SYS_MOUNT,
                    arena.allocateFrom(source).address(),
                    path.address(),
                    arena.allocateFrom(type).address(),
                    flags,
                    arena.allocateFrom(options).address());
        }
    }
}
