package dev.plinth.kernel.host;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.SpawnRequest;

import java.lang.foreign.Arena;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * What posix_spawn(3) does between the fork and the exec: descriptors, signals, session.
 *
 * <p>The structures are the C library's and are destroyed by {@link #close()}.
 */
final class SpawnActions implements AutoCloseable {
    private final long fileActions;
    private final long attributes;

    SpawnActions(Arena arena, SpawnRequest request) {
        // SAFETY: the sizes are more than the C library's structures need, and the arena outlives
        // this object.
        fileActions = arena.allocate(LibC.SPAWN_FILE_ACTIONS_BYTES, Long.BYTES).address();
        attributes = arena.allocate(LibC.SPAWN_ATTRIBUTES_BYTES, Long.BYTES).address();
        JnaHostKernel.check(
                "posix_spawn_file_actions_init", LibC.posix_spawn_file_actions_init(fileActions));
        JnaHostKernel.check("posix_spawnattr_init", LibC.posix_spawnattr_init(attributes));
        addDescriptors(new TreeMap<>(request.descriptors()));
        addSignals(arena, request.newSession());
    }

    long fileActions() {
        return fileActions;
    }

    long attributes() {
        return attributes;
    }

    /**
     * Moves every descriptor to a number above all that take part before it moves any to its place,
     * so that none is overwritten while it is still needed.
     */
    private void addDescriptors(NavigableMap<Integer, HostFd> descriptors) {
        int highest = descriptors.isEmpty() ? -1 : descriptors.lastKey();
        for (HostFd source : descriptors.values()) {
            highest = Math.max(highest, source.number());
        }
        int parked = highest + 1;
        for (HostFd source : descriptors.values()) {
            duplicate(source.number(), parked++);
        }
        parked = highest + 1;
        for (Map.Entry<Integer, HostFd> entry : descriptors.entrySet()) {
            duplicate(parked++, entry.getKey());
        }
        int next = 0;
        for (int number : descriptors.keySet()) {
            for (; next < number; next++) {
                JnaHostKernel.check(
                        "posix_spawn_file_actions_addclose",
                        LibC.posix_spawn_file_actions_addclose(fileActions, next));
            }
            next = number + 1;
        }
        JnaHostKernel.check(
                "posix_spawn_file_actions_addclosefrom_np",
                LibC.posix_spawn_file_actions_addclosefrom_np(fileActions, next));
    }

    private void duplicate(int from, int to) {
        JnaHostKernel.check(
                "posix_spawn_file_actions_adddup2",
                LibC.posix_spawn_file_actions_adddup2(fileActions, from, to));
    }

    /** The JVM blocks and ignores signals; a new program must inherit neither. */
    private void addSignals(Arena arena, boolean newSession) {
        long all = arena.allocate(LibC.SIGSET_BYTES, Long.BYTES).address();
        LibC.sigfillset(all);
        JnaHostKernel.check(
                "posix_spawnattr_setsigdefault",
                LibC.posix_spawnattr_setsigdefault(attributes, all));
        int flags = LibC.POSIX_SPAWN_SETSIGDEF | LibC.POSIX_SPAWN_SETSIGMASK;
        if (newSession) {
            flags |= LibC.POSIX_SPAWN_SETSID;
        }
        JnaHostKernel.check(
                "posix_spawnattr_setflags",
                LibC.posix_spawnattr_setflags(attributes, (short) flags));
    }

    @Override
    public void close() {
        LibC.posix_spawn_file_actions_destroy(fileActions);
        LibC.posix_spawnattr_destroy(attributes);
    }
}
