package dev.plinth.kernel.net;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.vfs.FileDescription;

import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * What was sent to a socket and is not read yet.
 *
 * <p>Lasting state: the messages, in order.
 *
 * <p>Any thread may call any method. Of several that read, one does so at a time: the read lock is
 * held while bytes are copied, the queue lock for moments.
 */
@SavedWith(UnixSocket.class)
final class MessageQueue {
    private final RightsInFlight flights;

    private final Object readLock = new Object();

    private final Object queueLock = new Object();

    @GuardedBy("queueLock")
    private final Deque<Message> messages = new ArrayDeque<>();

    @GuardedBy("queueLock")
    @NotSaved("follows from whether the socket is gone")
    private boolean closed;

    MessageQueue(RightsInFlight flights) {
        this.flights = flights;
    }

    /** Adds a message, unless the queue was closed. */
    boolean add(Message message) {
        synchronized (queueLock) {
            if (!closed) {
                messages.add(message);
            }
            return !closed;
        }
    }

    boolean isEmpty() {
        synchronized (queueLock) {
            return messages.isEmpty();
        }
    }

    int size() {
        synchronized (queueLock) {
            return messages.size();
        }
    }

    /** How many bytes of all messages, or of the first one. */
    long bytes(boolean firstOnly) {
        synchronized (queueLock) {
            if (firstOnly) {
                return messages.isEmpty() ? 0 : messages.getFirst().length();
            }
            return messages.stream().mapToLong(Message::length).sum();
        }
    }

    /** Takes no more messages, and gives up those that are there. */
    List<Message> close() {
        synchronized (queueLock) {
            closed = true;
            List<Message> left = List.copyOf(messages);
            messages.clear();
            return left;
        }
    }

    /** Those that are there. */
    List<Message> messages() {
        return all();
    }

    /** The sockets among the files that wait here. */
    List<UnixSocket> sockets() {
        List<UnixSocket> found = new ArrayList<>();
        synchronized (queueLock) {
            for (Message message : messages) {
                for (FileDescription file : message.rights()) {
                    if (file instanceof UnixSocket socket) {
                        found.add(socket);
                    }
                }
            }
        }
        return found;
    }

    /** Takes away the files that wait here. */
    List<FileDescription> takeRights() {
        List<FileDescription> taken = new ArrayList<>();
        synchronized (queueLock) {
            messages.forEach(message -> taken.addAll(message.takeRights()));
        }
        return taken;
    }

    private Optional<Message> first() {
        synchronized (queueLock) {
            return Optional.ofNullable(messages.peekFirst());
        }
    }

    private void removeFirst(Message message) {
        synchronized (queueLock) {
            // A socket that is closed meanwhile has given up its messages.
            messages.remove(message);
        }
        message.sender().release(message.memory());
    }

    /**
     * Reads a message, {@code unix_dgram_recvmsg}: what does not fit is lost, and all of it if it
     * cannot be stored.
     *
     * @throws ErrnoException EAGAIN if there is none; EFAULT
     */
    Received readMessage(IoBuffer destination, boolean peek) {
        synchronized (readLock) {
            Message message = first().orElseThrow(() -> ErrnoException.of(Errno.EAGAIN));
            long length = message.length();
            long count = 0;
            boolean stored = false;
            try {
                if (length > 0 && destination.remaining() > 0) {
                    count = copy(message.unread(), destination);
                }
                stored = true;
            } finally {
                if (!peek) {
                    removeFirst(message);
                    if (!stored) {
                        flights.drop(take(message));
                    }
                }
            }
            List<FileDescription> rights = peek ? share(message) : arrived(message);
            return new Received(count, length, message.from(), message.credentials(), rights);
        }
    }

    private static long copy(MemorySegment bytes, IoBuffer destination) {
        long wanted = Math.min(bytes.byteSize(), destination.remaining());
        long count = destination.copyFrom(bytes.asSlice(0, wanted));
        if (count < wanted) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return count;
    }

    private List<FileDescription> take(Message message) {
        synchronized (queueLock) {
            return message.takeRights();
        }
    }

    private List<FileDescription> arrived(Message message) {
        List<FileDescription> rights = take(message);
        if (!rights.isEmpty()) {
            flights.arrived(rights);
        }
        return rights;
    }

    /** The files of a message that stays: they have been received, and will be again. */
    private List<FileDescription> share(Message message) {
        synchronized (queueLock) {
            message.rights().forEach(FileDescription::retain);
            return message.rights();
        }
    }

    /**
     * Reads bytes of as many messages as there are, {@code unix_stream_read_generic}: up to one
     * that brings files, and of one sender only if that matters.
     *
     * @param bySender whether bytes of different senders are kept apart
     * @throws ErrnoException EAGAIN if there are none; EFAULT
     */
    Received readStream(IoBuffer destination, boolean peek, boolean bySender) {
        synchronized (readLock) {
            Message head = first().orElseThrow(() -> ErrnoException.of(Errno.EAGAIN));
            List<FileDescription> rights = List.of();
            long count = 0;
            for (Message message : peek ? all() : new Draining()) {
                if (destination.remaining() == 0
                        || !rights.isEmpty()
                        || (bySender && !message.credentials().equals(head.credentials()))) {
                    break;
                }
                long part;
                try {
                    part = copy(message.unread(), destination);
                } catch (ErrnoException e) {
                    if (count > 0) {
                        break;
                    }
                    throw e;
                }
                count += part;
                rights = peek ? share(message) : arrived(message);
                if (!peek) {
                    skip(message, part);
                }
            }
            return new Received(count, count, head.from(), head.credentials(), rights);
        }
    }

    private List<Message> all() {
        synchronized (queueLock) {
            return List.copyOf(messages);
        }
    }

    private void skip(Message message, long count) {
        boolean read;
        synchronized (queueLock) {
            message.skip(count);
            read = message.length() == 0;
        }
        if (read) {
            removeFirst(message);
        }
    }

    /** The first message, and when that is read the next one. */
    private final class Draining implements Iterable<Message> {
        @Override
        public Iterator<Message> iterator() {
            return new Iterator<>() {
                @Override
                public boolean hasNext() {
                    return first().isPresent();
                }

                @Override
                public Message next() {
                    return first().orElseThrow();
                }
            };
        }
    }
}
