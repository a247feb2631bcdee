package dev.plinth.kernel.state;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import com.google.protobuf.MessageLite;

import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.SharedDirectory;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.TreeSet;

/**
 * Numbers the objects of a kernel, and saves each of them once.
 *
 * <p>Objects are saved in the order in which they were first referred to, not where they are
 * referred to, so that long chains need no deep stack. Confined to one thread; the world is
 * stopped.
 */
public final class StateWriter {
    private final SavedPages pages;
    private final IdentityHashMap<Stateful, Integer> numbers = new IdentityHashMap<>();
    private final Queue<Stateful> unsaved = new ArrayDeque<>();
    private final List<ObjectState> saved = new ArrayList<>();
    private final Set<FdRole> roles = new TreeSet<>(Comparator.comparing(FdRole::name));

    private final Set<SharedDirectory> directories = new LinkedHashSet<>();

    /** Takes the pages of objects into the image. */
    @FunctionalInterface
    public interface SavedPages {
        /**
         * Adds pages; doing so again is harmless.
         *
         * @param offset in the memory file, page aligned
         * @param length in bytes, page aligned
         */
        void add(long offset, long length);

        /**
         * Adds pages that nobody writes to any more as long as they have another reference than
         * that of whoever would.
         *
         * @param offset in the memory file or, behind it, in the image that the sandbox was
         *     restored from; page aligned
         * @param length in bytes, page aligned
         */
        default void addCopiedOnWrite(long offset, long length) {
            add(offset, length);
        }
    }

    /**
     * A writer with no object yet.
     *
     * @param pages takes the pages of objects
     */
    public StateWriter(SavedPages pages) {
        this.pages = requireNonNull(pages, "pages is null");
    }

    /** Loads what messages are written with, so that the world need not stand still for that. */
    public static void preload() {
        for (FieldDescriptor kind : ObjectState.getDescriptor().getFields()) {
            if (kind.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                ObjectState.Builder state = ObjectState.newBuilder();
                Message empty = state.newBuilderForField(kind).build();
                byte[] _ = state.setField(kind, empty).build().toByteArray();
            }
        }
    }

    /**
     * The number of an object, which is saved sooner or later.
     *
     * @return never zero
     */
    public int reference(Stateful object) {
        requireNonNull(object, "object is null");
        Integer known = numbers.get(object);
        if (known != null) {
            return known;
        }
        int number = numbers.size() + 1;
        numbers.put(object, number);
        unsaved.add(object);
        return number;
    }

    /** The number of an object, or zero for none. */
    public int reference(Optional<? extends Stateful> object) {
        return object.isPresent() ? reference(object.get()) : 0;
    }

    /** The numbers of objects, in their order. */
    public List<Integer> references(Collection<? extends Stateful> objects) {
        List<Integer> references = new ArrayList<>(objects.size());
        for (Stateful object : objects) {
            references.add(reference(object));
        }
        return references;
    }

    /**
     * Has pages of the memory file saved, whose content an object has and writes to in place; it
     * tells the memory file before it does.
     *
     * @param offset page aligned
     * @param length in bytes, page aligned
     */
    public void pages(long offset, long length) {
        pages.add(offset, length);
    }

    /**
     * Has pages saved that are copied before they are written to, so that this can be done when the
     * world goes on.
     *
     * @param offset as a memory manager knows it, page aligned
     * @param length in bytes, page aligned
     */
    public void pagesCopiedOnWrite(long offset, long length) {
        pages.addCopiedOnWrite(offset, length);
    }

    /** Notes that an object is a descriptor of the host, which a restore has to give. */
    public void role(FdRole role) {
        roles.add(role);
    }

    /** The roles of descriptors of the host that were noted. */
    public List<FdRole> roles() {
        return List.copyOf(roles);
    }

    /** Notes that an object is a directory of the host. */
    public void directory(SharedDirectory directory) {
        directories.add(directory);
    }

    /** The directories of the host that were noted. */
    public List<SharedDirectory> directories() {
        return List.copyOf(directories);
    }

    /**
     * Saves all objects that were referred to, and those that they refer to, and so on.
     *
     * @throws SandboxException STATE_UNSAVABLE if there is more than a {@link StateReader} takes
     */
    public void saveAll() {
        for (Stateful object = unsaved.poll(); object != null; object = unsaved.poll()) {
            ObjectState state = object.saveState(this).setNumber(numbers.get(object)).build();
            requireReadable(state, state.getKindCase().name().toLowerCase(Locale.ROOT));
            // The first of all messages is no object's.
            if (saved.size() + 1 >= StateReader.MESSAGES_MAX) {
                throw unsavable("the sandbox has too many objects");
            }
            saved.add(state);
        }
    }

    private static void requireReadable(MessageLite message, String what) {
        int length = message.getSerializedSize();
        if (length < 0 || length > StateReader.MESSAGE_BYTES_MAX) {
            throw unsavable(
                    "the state of one object (%s) has more than %d MiB"
                            .formatted(what, StateReader.MESSAGE_BYTES_MAX >> 20));
        }
    }

    private static SandboxException unsavable(String what) {
        return new SandboxException(
                ErrorCode.STATE_UNSAVABLE, what, "try again when its programs have less");
    }

    /**
     * Writes what was saved.
     *
     * @param kernel what is saved of the sandbox as a whole
     * @param out borrowed
     * @throws SandboxException STATE_UNSAVABLE if the former is more than a {@link StateReader}
     *     takes
     */
    public void writeTo(KernelState kernel, OutputStream out) throws IOException {
        if (!unsaved.isEmpty()) {
            throw new IllegalStateException("not everything is saved");
        }
        requireReadable(kernel, "kernel");
        kernel.writeDelimitedTo(out);
        for (ObjectState object : saved) {
            object.writeDelimitedTo(out);
        }
    }
}
