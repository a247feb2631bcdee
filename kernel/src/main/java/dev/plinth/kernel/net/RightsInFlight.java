package dev.plinth.kernel.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.FileDescription;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Open files that were sent (SCM_RIGHTS) and not received yet; net/unix/garbage.c.
 *
 * <p>A socket on its way to itself, or to another one that is on its way to it, would keep itself
 * open for ever. So whenever a socket is closed while there are sockets on their way, those are
 * looked for that nothing but such messages refers to, and that none of the others can receive;
 * what waits at them is dropped, and with it they are closed. Where there are very many, not at
 * every close.
 *
 * <p>Any thread may call any method. Files are closed with no lock held.
 */
@NotSaved("follows from the messages that are not read yet")
final class RightsInFlight {
    /** For everyone, whatever RLIMIT_NOFILE says. */
    private static final int HARD_LIMIT = 64 << 10;

    /** So many sockets on their way are looked through for each that was sent or closed. */
    private static final int SOCKETS_FOR_A_CHANGE = 64;

    /** What a thread is to close as soon as it is done with the file that it closes now. */
    private static final ThreadLocal<Deque<FileDescription>> CLOSING = new ThreadLocal<>();

    private final Object rightsLock = new Object();

    @GuardedBy("rightsLock")
    private int total;

    /** How many sockets were sent or closed since those on their way were looked through. */
    @GuardedBy("rightsLock")
    private int changes;

    /** How many messages hold a socket. */
    @GuardedBy("rightsLock")
    private final Map<UnixSocket, Integer> sockets = new HashMap<>();

    /**
     * Notes that files are sent.
     *
     * @throws ErrnoException ETOOMANYREFS if there are too many on their way
     */
    void send(Outgoing outgoing) {
        List<FileDescription> rights = outgoing.rights();
        synchronized (rightsLock) {
            int now = total + rights.size();
            boolean tooMany = !outgoing.mayExceedLimits() && total > outgoing.rightsLimit();
            if (tooMany || now > HARD_LIMIT) {
                throw ErrnoException.of(Errno.ETOOMANYREFS);
            }
            total = now;
            for (FileDescription file : rights) {
                file.retain();
                if (file instanceof UnixSocket socket) {
                    sockets.merge(socket, 1, Integer::sum);
                    changes++;
                }
            }
        }
    }

    /** Notes that files were received: their references are the receiver's now. */
    void arrived(List<FileDescription> rights) {
        synchronized (rightsLock) {
            total -= rights.size();
            for (FileDescription file : rights) {
                if (file instanceof UnixSocket socket) {
                    sockets.computeIfPresent(socket, (key, count) -> count == 1 ? null : count - 1);
                }
            }
        }
    }

    /**
     * Drops files that are not going to be received.
     *
     * <p>Closing a socket may drop others: one after the other, since a guest decides how many.
     */
    void drop(List<FileDescription> rights) {
        if (!rights.isEmpty()) {
            arrived(rights);
            closeReceived(rights);
        }
    }

    /** Closes files that were received and that nobody wants. */
    void closeReceived(List<FileDescription> rights) {
        Deque<FileDescription> already = CLOSING.get();
        if (already != null) {
            already.addAll(rights);
            return;
        }
        Deque<FileDescription> mine = new ArrayDeque<>(rights);
        CLOSING.set(mine);
        try {
            while (!mine.isEmpty()) {
                mine.removeFirst().close();
            }
        } finally {
            CLOSING.remove();
        }
    }

    /** A socket was closed: closes those that nobody can reach any more. */
    void collect() {
        List<FileDescription> dropped = new ArrayList<>();
        synchronized (rightsLock) {
            changes++;
            if (sockets.isEmpty() || changes < sockets.size() / SOCKETS_FOR_A_CHANGE) {
                return;
            }
            changes = 0;
            for (UnixSocket socket : unreachableLocked()) {
                dropped.addAll(socket.takeQueuedRights());
            }
        }
        if (!dropped.isEmpty()) {
            drop(dropped);
        }
    }

    /** Sockets that only messages refer to, and only such as wait at sockets of the same kind. */
    @GuardedBy("rightsLock")
    private Set<UnixSocket> unreachableLocked() {
        Set<UnixSocket> suspects = new HashSet<>();
        sockets.forEach((socket, count) -> {
            if (socket.isHeldBy(count)) {
                suspects.add(socket);
            }
        });
        Map<UnixSocket, Integer> fromSuspects = new HashMap<>();
        for (UnixSocket suspect : suspects) {
            for (UnixSocket held : suspect.queuedSockets()) {
                fromSuspects.merge(held, 1, Integer::sum);
            }
        }
        Deque<UnixSocket> reachable = new ArrayDeque<>();
        for (UnixSocket suspect : suspects) {
            if (fromSuspects.getOrDefault(suspect, 0) < sockets.get(suspect)) {
                reachable.add(suspect);
            }
        }
        while (!reachable.isEmpty()) {
            UnixSocket socket = reachable.removeFirst();
            if (suspects.remove(socket)) {
                socket.queuedSockets().stream().filter(suspects::contains).forEach(reachable::add);
            }
        }
        return suspects;
    }
}
