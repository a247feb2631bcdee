package dev.plinth.kernel.fd;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.vfs.UserMemory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Whose turn it is at a terminal, as one session sees it, in the numbers of the sandbox: the host's
 * are those of its own processes and never shown.
 *
 * <p>It is remembered and told, so that shells find what they set. Nothing stops those who are not
 * in the foreground.
 */
@SavedWith(HostFiles.class)
final class ForegroundGroup {
    private final int session;
    private final AtomicInteger group;

    /**
     * A terminal whose session's first group is in the foreground.
     *
     * @param session which the terminal belongs to
     */
    ForegroundGroup(int session) {
        this.session = session;
        this.group = new AtomicInteger(session);
    }

    /** The session that the terminal belongs to. */
    int session() {
        return session;
    }

    /** What is saved of it. */
    int get() {
        return group.get();
    }

    /** As it was saved. */
    void restore(int saved) {
        group.set(saved);
    }

    void copyForegroundGroup(long address, UserMemory memory) {
        copyOut(address, group.get(), memory);
    }

    void copySession(long address, UserMemory memory) {
        copyOut(address, session, memory);
    }

    void setForegroundGroup(long address, UserMemory memory) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(JAVA_INT);
            memory.copyIn(address, number);
            group.set(number.get(JAVA_INT, 0));
        }
    }

    private static void copyOut(long address, int number, UserMemory memory) {
        try (Arena arena = Arena.ofConfined()) {
            memory.copyOut(address, arena.allocateFrom(JAVA_INT, number));
        }
    }
}
