package dev.plinth.kernel.host;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The host's Linux by way of JNA.
 *
 * <p>Stateless; any number of instances may exist.
 */
public final class JnaHostKernel implements HostKernel {
    private static final long SYS_MMAP = 9;
    private static final long SYS_MUNMAP = 11;
    private static final long MAP_SHARED = 1;
    private static final long MAP_NORESERVE = 0x4000;

    /**
     * What a sigaction handler is that does nothing: a C function of one int, async-signal-safe.
     */
    private static final String HARMLESS_FUNCTION = "abs";

    /**
     * Loads JNA's native half in the background, so that it is there when the first call comes.
     *
     * <p>That takes as long as all that a run does before its first call, and half of the time to
     * start goes by if one waits for the other. Doing so twice is harmless.
     */
    public static void preload() {
        Thread.ofPlatform().daemon().name("preload").start(LibC::load);
    }

    @Override
    public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        long result = LibC.syscall(number, a0, a1, a2, a3, a4, a5);
        return result == -1 ? -LibC.errno() : result;
    }

    @Override
    public int spawn(SpawnRequest request) {
        try (Arena arena = Arena.ofConfined();
                SpawnActions actions = new SpawnActions(arena, request)) {
            MemorySegment pid = arena.allocate(JAVA_INT);
            int error =
                    LibC.posix_spawn(
                            pid.address(),
                            arena.allocateFrom(request.path()).address(),
                            actions.fileActions(),
                            actions.attributes(),
                            stringArray(arena, request.arguments()),
                            stringArray(arena, request.environment()));
            check("posix_spawn(" + request.path() + ")", error);
            return pid.get(JAVA_INT, 0);
        }
    }

    @Override
    public void installNoOpHandler(Signal signal) {
        try (Arena arena = Arena.ofConfined()) {
            // SAFETY: glibc's sigaction() reads one struct sigaction: a handler, an empty mask, and
            // no flags. The handler is called with the signal number and returns it, unused.
            MemorySegment action = arena.allocate(LibC.SIGACTION_BYTES, Long.BYTES);
            action.set(JAVA_LONG, 0, LibC.addressOf(HARMLESS_FUNCTION));
            if (LibC.sigaction(signal.number(), action.address(), 0) != 0) {
                check("sigaction(" + signal + ")", LibC.errno());
            }
        }
    }

    @Override
    @SuppressWarnings("MustBeClosed") // The arena is closed with the mapping.
    public HostMemory map(HostFd file, long offset, long length, AccessType access) {
        long address =
                require(
                        "mmap(" + file + ")",
                        SYS_MMAP,
                        0,
                        length,
                        access.prot(),
                        MAP_SHARED | MAP_NORESERVE,
                        file.number(),
                        offset);
        Arena arena = Arena.ofShared();
        // SAFETY: the mapping was made above in this size; it is unmapped only after the arena was
        // closed, and from then on every access through the segment throws.
        MemorySegment segment = MemorySegment.ofAddress(address).reinterpret(length, arena, null);
        return new HostMemory(
                segment,
                () -> {
                    arena.close();
                    require("munmap", SYS_MUNMAP, address, length);
                });
    }

    /** A null-terminated array of C strings, which lives as long as the arena. */
    private static long stringArray(Arena arena, List<String> strings) {
        MemorySegment array = arena.allocate(JAVA_LONG, strings.size() + 1L);
        for (int i = 0; i < strings.size(); i++) {
            array.setAtIndex(JAVA_LONG, i, arena.allocateFrom(strings.get(i)).address());
        }
        return array.address();
    }

    /** Reports the error of a function that returns an errno instead of setting it. */
    static void check(String operation, int error) {
        if (error != 0) {
            throw new HostCallException(operation, Errno.of(error).orElse(Errno.EIO));
        }
    }
}
