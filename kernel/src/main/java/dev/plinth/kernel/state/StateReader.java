package dev.plinth.kernel.state;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Has the objects of a saved kernel made again, each once, when it is first asked for.
 *
 * <p>Confined to one thread. Closing it gives up its references to the objects that are counted: if
 * the restore succeeded, others have theirs; if not, the objects go.
 */
public final class StateReader implements AutoCloseable {
    /** The file that is read, for messages. */
    public static final String FILE = "kernel.img";

    /** One message: the largest has the areas of an address space, or a full unix socket. */
    static final int MESSAGE_BYTES_MAX = 64 << 20;

    static final int MESSAGES_MAX = 1 << 22;

    /** A message as it is read, apart from its bytes: an array, and its place in a list. */
    private static final int READ_BYTES = 32;

    /** An object that is known by its number: two maps, the number, and about what it is itself. */
    private static final int OBJECT_BYTES = 384;

    /** Objects that need each other to be born: deeper than any that was saved. */
    private static final int DEPTH_MAX = 512;

    private final Restorers restorers;
    private final SavedMemory memory;
    private final HeapBudget budget;
    private final KernelState kernel;
    private final Map<Integer, ObjectState> states = new HashMap<>();
    private final Map<Integer, Object> made = new HashMap<>();
    private final Set<Integer> beingMade = new HashSet<>();
    private final Queue<Runnable> links = new ArrayDeque<>();
    private final Queue<Runnable> checks = new ArrayDeque<>();
    private final Deque<Counted> counted = new ArrayDeque<>();
    private Progress progress = (count, all) -> {};
    private boolean complete;

    /** Is told how many objects are made. */
    @FunctionalInterface
    public interface Progress {
        /** One more is made. */
        void made(int count, int all);
    }

    /** Something whose closing throws no checked exception. */
    @FunctionalInterface
    public interface Counted extends AutoCloseable {
        @Override
        void close();
    }

    /**
     * Reads what was saved, and makes nothing yet.
     *
     * @param in the content of kernel.img; borrowed
     * @param restorers who make objects; borrowed
     * @param memory the pages; borrowed
     * @throws ImageCorruptException if it is not what a {@link StateWriter} writes
     */
    public StateReader(InputStream in, Restorers restorers, SavedMemory memory) throws IOException {
        this(in, restorers, memory, HeapBudget.ofThisProcess());
    }

    /**
     * Reads what was saved, and makes nothing yet.
     *
     * @param in the content of kernel.img; borrowed
     * @param restorers who make objects; borrowed
     * @param memory the pages; borrowed
     * @param budget what messages and objects may take of the heap; borrowed
     * @throws ImageCorruptException if it is not what a {@link StateWriter} writes
     * @throws dev.plinth.kernel.error.SandboxException IMAGE_UNSUITABLE if it is beyond the budget
     */
    public StateReader(InputStream in, Restorers restorers, SavedMemory memory, HeapBudget budget)
            throws IOException {
        this.restorers = requireNonNull(restorers, "restorers is null");
        this.memory = requireNonNull(memory, "memory is null");
        this.budget = requireNonNull(budget, "budget is null");
        try {
            Queue<byte[]> messages = readMessages(CodedInputStream.newInstance(in));
            kernel = KernelState.parseFrom(messages.remove());
            while (!messages.isEmpty()) {
                ObjectState state = ObjectState.parseFrom(messages.remove());
                if (state.getNumber() == 0 || states.put(state.getNumber(), state) != null) {
                    throw corrupt("object " + state.getNumber() + " is there twice");
                }
            }
        } catch (InvalidProtocolBufferException e) {
            throw new ImageCorruptException(FILE, "it is not what was written", e);
        }
    }

    /** All messages as they are written, for which there is room in the heap once parsed. */
    private Queue<byte[]> readMessages(CodedInputStream in) throws IOException {
        Queue<byte[]> messages = new ArrayDeque<>();
        long bytes = 0;
        do {
            byte[] message = nextMessage(in);
            bytes += message.length;
            messages.add(message);
            if (messages.size() > MESSAGES_MAX) {
                throw corrupt("there are too many objects");
            }
        } while (!in.isAtEnd());
        budget.take((long) OBJECT_BYTES * (messages.size() - 1));
        // Few images come near it, and the others need not be read over.
        if (bytes > budget.left() / MessageCost.BYTES_PER_BYTE_MAX) {
            Descriptor type = KernelState.getDescriptor();
            for (byte[] message : messages) {
                MessageCost.take(message, type, budget);
                type = ObjectState.getDescriptor();
            }
        }
        return messages;
    }

    private byte[] nextMessage(CodedInputStream in) throws IOException {
        int length = in.readRawVarint32();
        if (length < 0 || length > MESSAGE_BYTES_MAX) {
            throw corrupt("a message has %d bytes".formatted(length));
        }
        budget.take(READ_BYTES + (long) length);
        byte[] message = in.readRawBytes(length);
        in.resetSizeCounter();
        return message;
    }

    /** Has somebody told of each object that is made. */
    public void reportTo(Progress receiver) {
        progress = requireNonNull(receiver, "receiver is null");
    }

    /** What was saved of the sandbox as a whole. */
    public KernelState kernel() {
        return kernel;
    }

    /** What was saved of each object, in no order. */
    public Collection<ObjectState> objects() {
        return Collections.unmodifiableCollection(states.values());
    }

    /** What else may be made, for a restorer of what takes more than its message does. */
    public HeapBudget budget() {
        return budget;
    }

    /** The pages. */
    public SavedMemory memory() {
        return memory;
    }

    /**
     * An object, made now unless it has been.
     *
     * @param reference its number
     * @throws ImageCorruptException if there is no such object, it is of another type, or it needs
     *     itself to be made
     */
    public <T> T get(int reference, Class<T> type) {
        Object object = made.get(reference);
        if (object == null) {
            object = make(reference);
        }
        if (!type.isInstance(object)) {
            throw corrupt("object %d is no %s".formatted(reference, type.getSimpleName()));
        }
        return type.cast(object);
    }

    /** An object, or nothing for the number zero; see {@link #get}. */
    public <T> Optional<T> find(int reference, Class<T> type) {
        return reference == 0 ? Optional.empty() : Optional.of(get(reference, type));
    }

    /**
     * What was saved of an object, for a restorer that looks ahead of what it makes.
     *
     * @throws ImageCorruptException if there is no such object
     */
    public ObjectState state(int reference) {
        ObjectState state = states.get(reference);
        if (state == null) {
            throw corrupt("object " + reference + " is missing");
        }
        return state;
    }

    private Object make(int reference) {
        ObjectState state = state(reference);
        if (!beingMade.add(reference) || beingMade.size() > DEPTH_MAX) {
            throw corrupt("object " + reference + " is needed to make itself");
        }
        Restorer restorer =
                restorers
                        .of(state.getKindCase())
                        .orElseThrow(() ->
                                corrupt(
                                        "object %d is of a kind that is not known: %s"
                                                .formatted(reference, state.getKindCase())));
        Object object = restore(restorer, state);
        beingMade.remove(reference);
        made.put(reference, object);
        progress.made(made.size(), states.size());
        return object;
    }

    private Object restore(Restorer restorer, ObjectState state) {
        return refusing("object " + state.getNumber(), () -> restorer.restore(state, this));
    }

    /**
     * Does something with what an image says. What was saved was checked when it was made first;
     * what is refused now was not saved.
     *
     * @param what for the message, if it is refused
     * @throws ImageCorruptException if it is refused
     */
    public static <T> T refusing(String what, Supplier<T> step) {
        try {
            return step.get();
        } catch (IllegalArgumentException
                | IllegalStateException
                | IndexOutOfBoundsException
                | NoSuchElementException
                | ArithmeticException
                | ErrnoException e) {
            throw new ImageCorruptException(FILE, what + ": " + e.getMessage(), e);
        }
    }

    /** Has something done once all objects are made that are being made now. */
    public void later(Runnable link) {
        links.add(requireNonNull(link, "link is null"));
    }

    /** Has something looked at once everything is linked: what no object can tell alone. */
    public void inTheEnd(Runnable check) {
        checks.add(requireNonNull(check, "check is null"));
    }

    /** Does what was put off, and what that puts off in its turn, and looks at the whole. */
    public void linkAll() {
        for (Runnable link = links.poll(); link != null; link = links.poll()) {
            Runnable current = link;
            refusing(
                    "a link between objects",
                    () -> {
                        current.run();
                        return Optional.empty();
                    });
        }
        for (Runnable check = checks.poll(); check != null; check = checks.poll()) {
            check.run();
        }
        complete = true;
    }

    /**
     * Whether all is linked and was looked at: if not by the time of closing, the restore failed.
     */
    public boolean isWhole() {
        return complete;
    }

    /** Gives the reader the one reference with which an object is born that is counted. */
    public <T extends AutoCloseable> T counted(T object, Counted closing) {
        counted.push(closing);
        return object;
    }

    /**
     * Has something given back if the restore fails, which nobody may hold then: it is given back
     * after what was made later, and perhaps a second time.
     */
    public void unlessComplete(Counted undo) {
        requireNonNull(undo, "undo is null");
        counted.push(() -> {
            if (!complete) {
                undo.close();
            }
        });
    }

    /** Says that the image is damaged: {@code throw reader.corrupt(...)}. */
    public static ImageCorruptException corrupt(String what) {
        return new ImageCorruptException(FILE, what);
    }

    @Override
    public void close() {
        while (!counted.isEmpty()) {
            counted.pop().close();
        }
    }
}
