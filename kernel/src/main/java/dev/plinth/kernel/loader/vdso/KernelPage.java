package dev.plinth.kernel.loader.vdso;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.mm.MappedFile;
import dev.plinth.kernel.mm.MappedFileOwner;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.KernelPageState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.util.Optional;

/**
 * A page of the kernel's that processes map: a file that has no other use, named as
 * /proc/[pid]/maps shows it. The mappings of all processes show the same memory; who writes to a
 * mapping, if it lets him, has a copy from then on.
 *
 * @param name such as {@code [vdso]}
 * @param memory where the page lies; whoever made this holds a reference to it
 * @param offset of the page
 */
record KernelPage(String name, MemoryFile memory, long offset)
        implements Mappable, MappedFile, MappedFileOwner {
    KernelPage {
        requireNonNull(name, "name is null");
        requireNonNull(memory, "memory is null");
    }

    /** Its content is the sandbox's, and saved with it. */
    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder().setKernelPage(KernelPageState.newBuilder().setName(name));
    }

    @Override
    public MappedFileOwner owner() {
        return this;
    }

    @Override
    public MappedFile mappedFile() {
        return this;
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        memory.retain(offset, Vdso.PAGE_BYTES);
        return new FilePages(0, Vdso.PAGE_BYTES, offset, AccessType.READ_EXECUTE);
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {}

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {}

    @Override
    public Optional<? extends Mappable> mappable() {
        return Optional.of(this);
    }

    @Override
    public boolean isReadable() {
        return true;
    }

    @Override
    public boolean isWritable() {
        return false;
    }

    @Override
    public boolean mayExecute() {
        return true;
    }

    @Override
    public String path() {
        return name;
    }

    @Override
    public long device() {
        return 0;
    }

    @Override
    public long inode() {
        return 0;
    }

    @Override
    public void retain() {}

    @Override
    public void release() {}

    @Override
    public void sync(long start, long end) {}
}
