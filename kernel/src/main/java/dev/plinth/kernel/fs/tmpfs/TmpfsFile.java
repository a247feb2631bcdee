package dev.plinth.kernel.fs.tmpfs;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.TmpfsFileState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.NewNode;

/** A regular file of a tmpfs. It lives as long as it has a name or is in use. */
final class TmpfsFile extends Inode implements TmpfsInode {
    private final TmpFs fileSystem;
    private final NodeAttributes attributes;
    private final MemoryContent content;

    /** Decides between the last name that goes and someone who opens the file. */
    private final Object lifeLock = new Object();

    @NotSaved("what was freed is not saved")
    @GuardedBy("lifeLock")
    private boolean freed;

    /**
     * An empty file.
     *
     * @param links how many names it is about to get
     */
    TmpfsFile(TmpFs fileSystem, NewNode node, int links) {
        super(fileSystem, fileSystem.numberOf(node), FileType.REGULAR);
        this.fileSystem = fileSystem;
        this.attributes = new NodeAttributes(fileSystem.clock(), node, links);
        this.content = new MemoryContent(fileSystem, fileSystem.memory());
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        TmpfsFileState.Builder state =
                TmpfsFileState.newBuilder()
                        .setInode(attributes.save(this, writer))
                        .setLinkable(isLinkable());
        content.save(state, writer);
        return ObjectState.newBuilder().setTmpfsFile(state);
    }

    /** Takes what was saved, before anybody has seen the file. */
    void restore(TmpfsFileState state, StateReader reader) {
        // If no one is found to use it, it goes when all is restored.
        restoreUnnamed(state.getLinkable(), reader);
        // If the restore fails, perhaps no directory knows it.
        StateReader.Counted giveUp = () -> freeUnless(reader.isWhole());
        reader.counted(giveUp, giveUp);
        content.restore(state, reader);
    }

    private void freeUnless(boolean isWhole) {
        if (!isWhole) {
            free();
        }
    }

    @Override
    public Inode inode() {
        return this;
    }

    @Override
    public NodeAttributes attributes() {
        return attributes;
    }

    MemoryContent content() {
        return content;
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(
                this, attributes.snapshot(), content.size(), content.allocatedBytes());
    }

    @Override
    protected AttributeStore attributeStore() {
        return attributes;
    }

    @Override
    public Ownership ownership() {
        return attributes.ownership();
    }

    @Override
    public FileDescription open(Location location, int flags) {
        FileDescription file = new TmpfsDescription(location, flags, this);
        synchronized (lifeLock) {
            if (!freed) {
                return file;
            }
        }
        file.close();
        throw ErrnoException.of(Errno.ENOENT);
    }

    @Override
    public void truncate(long size) {
        content.truncate(size);
        attributes.contentChanged();
    }

    @Override
    public void removeLink() {
        attributes.addLinks(-1);
        freeIfGone();
    }

    @Override
    protected void unused() {
        freeIfGone();
    }

    private void freeIfGone() {
        synchronized (lifeLock) {
            if (freed || isUsed() || attributes.links() > 0) {
                return;
            }
            freed = true;
        }
        content.free();
        fileSystem.forgetInode();
    }

    /** Gives up the content, whatever names there are. */
    void free() {
        synchronized (lifeLock) {
            freed = true;
        }
        content.free();
    }
}
