package dev.plinth.kernel.fs.tmpfs;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Portions;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.TmpfsDirectoryState;
import dev.plinth.kernel.state.proto.TmpfsEntriesState;
import dev.plinth.kernel.state.proto.TmpfsEntryState;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.Directory;
import dev.plinth.kernel.vfs.DirectoryEntry;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A directory of a tmpfs. */
final class TmpfsDirectory extends Directory implements TmpfsInode {
    /** What an entry adds to the size of its directory ({@code BOGO_DIRENT_SIZE} of mm/shmem.c). */
    private static final int ENTRY_BYTES = 20;

    private final TmpFs fileSystem;
    private final NodeAttributes attributes;

    /** Guarded by the tree lock of the file system. */
    private final Map<PathName, TmpfsInode> entries = new LinkedHashMap<>();

    /** How many entries there are, for those who ask without the tree lock. */
    @NotSaved("counted from the entries")
    private volatile int entryCount;

    TmpfsDirectory(TmpFs fileSystem, NewNode node) {
        super(fileSystem, fileSystem.numberOf(node));
        this.fileSystem = fileSystem;
        this.attributes = new NodeAttributes(fileSystem.clock(), node, 2);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        TmpfsDirectoryState.Builder state =
                TmpfsDirectoryState.newBuilder()
                        .setInode(attributes.save(this, writer))
                        .addAllEntriesRefs(
                                Portions.save(
                                        entries.entrySet(),
                                        portion -> save(portion, writer),
                                        writer));
        return ObjectState.newBuilder().setTmpfsDirectory(state);
    }

    private static ObjectState.Builder save(
            List<Map.Entry<PathName, TmpfsInode>> entries, StateWriter writer) {
        TmpfsEntriesState.Builder state = TmpfsEntriesState.newBuilder();
        for (Map.Entry<PathName, TmpfsInode> entry : entries) {
            state.addEntries(
                    TmpfsEntryState.newBuilder()
                            .setName(ByteString.copyFrom(entry.getKey().toBytes()))
                            .setInodeRef(writer.reference(entry.getValue().inode())));
        }
        return ObjectState.newBuilder().setTmpfsEntries(state);
    }

    /** Adds an entry that was saved; returns whether there was none of that name. */
    boolean restoreEntry(PathName name, TmpfsInode child) {
        boolean isNew = entries.putIfAbsent(name, child) == null;
        entryCount = entries.size();
        return isNew;
    }

    /** What is in it. */
    Collection<TmpfsInode> children() {
        return entries.values();
    }

    @Override
    public Inode inode() {
        return this;
    }

    @Override
    public NodeAttributes attributes() {
        return attributes;
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, attributes.snapshot(), (2L + entryCount) * ENTRY_BYTES, 0);
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
    public Optional<Inode> lookup(PathName name) {
        return Optional.ofNullable(entries.get(name)).map(TmpfsInode::inode);
    }

    @Override
    public List<DirectoryEntry> entries() {
        List<DirectoryEntry> all = new ArrayList<>(entries.size());
        entries.forEach((name, child) ->
                all.add(new DirectoryEntry(name, child.inode().number(), child.inode().type())));
        attributes.contentRead();
        return all;
    }

    @Override
    public Inode create(PathName name, NewNode node) {
        return add(name, new TmpfsFile(fileSystem, node, 1));
    }

    @Override
    public Inode createUnnamed(NewNode node) {
        return fileSystem.makeUnnamedFile(node);
    }

    @Override
    public Directory makeDirectory(PathName name, NewNode node) {
        TmpfsDirectory directory = new TmpfsDirectory(fileSystem, node);
        add(name, directory);
        attributes.addLinks(1);
        return directory;
    }

    @Override
    public Inode makeSymlink(PathName name, PathName target, NewNode node) {
        return add(name, new TmpfsSymlink(fileSystem, target, node));
    }

    @Override
    public Inode makeNode(PathName name, FileType type, DeviceNumber deviceId, NewNode node) {
        return add(name, new TmpfsNode(fileSystem, type, deviceId, node));
    }

    @Override
    public void link(PathName name, Inode inode) {
        TmpfsInode linked = (TmpfsInode) inode;
        linked.attributes().addLinks(1);
        add(name, linked);
    }

    @Override
    public void unlink(PathName name, Inode inode) {
        remove(name);
        attributes.contentChanged();
        ((TmpfsInode) inode).removeLink();
    }

    @Override
    public void removeDirectory(PathName name, Directory directory) {
        TmpfsDirectory removed = (TmpfsDirectory) directory;
        removed.requireEmpty();
        remove(name);
        attributes.contentChanged();
        attributes.addLinks(-1);
        removed.removeLink();
    }

    private void requireEmpty() {
        if (!entries.isEmpty()) {
            throw ErrnoException.of(Errno.ENOTEMPTY);
        }
    }

    /** The directory's last name is gone, and with it its entry for itself. */
    @Override
    public void removeLink() {
        attributes.addLinks(-2);
        fileSystem.forgetInode();
    }

    @Override
    public void rename(Rename rename) {
        TmpfsDirectory target = (TmpfsDirectory) rename.newDirectory();
        TmpfsInode moved = (TmpfsInode) rename.moved();
        Optional<TmpfsInode> replaced = rename.replaced().map(TmpfsInode.class::cast);
        if (rename.exchange()) {
            TmpfsInode other = replaced.orElseThrow();
            leave(other, target, this);
            put(rename.oldName(), other);
            other.attributes().addLinks(0);
        } else {
            if (replaced.isPresent()) {
                target.removeReplaced(replaced.get());
            }
            remove(rename.oldName());
        }
        leave(moved, this, target);
        target.put(rename.newName(), moved);
        attributes.contentChanged();
        target.attributes.contentChanged();
        moved.attributes().addLinks(0);
    }

    private void removeReplaced(TmpfsInode replaced) {
        if (replaced instanceof TmpfsDirectory directory) {
            directory.requireEmpty();
            attributes.addLinks(-1);
        }
        replaced.removeLink();
    }

    /** A directory's {@code ..} counts as a link of the directory that it is in. */
    private static void leave(TmpfsInode moved, TmpfsDirectory from, TmpfsDirectory to) {
        if (moved instanceof TmpfsDirectory && from != to) {
            from.attributes.addLinks(-1);
            to.attributes.addLinks(1);
        }
    }

    private Inode add(PathName name, TmpfsInode child) {
        put(name, child);
        attributes.contentChanged();
        return child.inode();
    }

    private void put(PathName name, TmpfsInode child) {
        entries.put(name, child);
        entryCount = entries.size();
    }

    private void remove(PathName name) {
        entries.remove(name);
        entryCount = entries.size();
    }

    /** Gives up the memory of every file below, however deep a guest has made the tree. */
    void freeAll() {
        Deque<TmpfsDirectory> left = new ArrayDeque<>();
        left.add(this);
        while (!left.isEmpty()) {
            TmpfsDirectory directory = left.remove();
            for (TmpfsInode child : directory.entries.values()) {
                if (child instanceof TmpfsDirectory below) {
                    left.add(below);
                } else if (child instanceof TmpfsFile file) {
                    file.free();
                }
            }
            directory.entries.clear();
            directory.entryCount = 0;
        }
    }
}
