package dev.plinth.kernel.state;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** Objects as they were saved, in memory, for tests: what kernel.img would hold. */
public final class SavedState {
    private final KernelState kernel;
    private final List<ObjectState> objects;
    private final List<FdRole> roles;

    private SavedState(KernelState kernel, List<ObjectState> objects, List<FdRole> roles) {
        this.kernel = kernel;
        this.objects = objects;
        this.roles = roles;
    }

    /**
     * Saves what a kernel's state refers to.
     *
     * @param kernel makes that state
     */
    public static SavedState save(Function<StateWriter, KernelState.Builder> kernel) {
        StateWriter writer = new StateWriter((offset, length) -> {});
        KernelState state = kernel.apply(writer).build();
        writer.saveAll();
        try {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            writer.writeTo(state, out);
            ByteArrayInputStream in = new ByteArrayInputStream(out.toByteArray());
            KernelState written = KernelState.parseDelimitedFrom(in);
            List<ObjectState> objects = new ArrayList<>();
            while (in.available() > 0) {
                objects.add(ObjectState.parseDelimitedFrom(in));
            }
            return new SavedState(written, objects, writer.roles());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The roles that the restore has to give. */
    public List<FdRole> roles() {
        return roles;
    }

    /** How many objects of a kind there are. */
    public long count(ObjectState.KindCase kind) {
        return objects.stream().filter(object -> object.getKindCase() == kind).count();
    }

    /** The same, with each object changed as somebody hostile would. */
    public SavedState with(UnaryOperator<ObjectState> change) {
        return new SavedState(kernel, objects.stream().map(change).toList(), roles);
    }

    /** What kernel.img would hold. */
    public byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try {
            kernel.writeDelimitedTo(out);
            for (ObjectState object : objects) {
                object.writeDelimitedTo(out);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toByteArray();
    }

    /** A reader of it, which takes pages that their first owner still has. */
    public StateReader reader(Restorers restorers, MemoryFile memory) {
        return reader(bytes(), restorers, memory);
    }

    /** A reader of such bytes, which may have been damaged. */
    public static StateReader reader(byte[] bytes, Restorers restorers, MemoryFile memory) {
        try {
            return new StateReader(
                    new ByteArrayInputStream(bytes),
                    restorers,
                    (offset, length) -> retain(memory, offset, length));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** All of the pages or none. */
    private static void retain(MemoryFile memory, long offset, long length) {
        long done = 0;
        try {
            for (; done < length; done += Pages.SIZE) {
                memory.retain(offset + done, Pages.SIZE);
            }
        } catch (IllegalArgumentException | IllegalStateException | IndexOutOfBoundsException e) {
            if (done > 0) {
                memory.release(offset, done);
            }
            throw new ImageCorruptException(StateReader.FILE, "there are no such pages", e);
        }
    }
}
