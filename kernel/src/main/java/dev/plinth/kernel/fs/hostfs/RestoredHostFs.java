package dev.plinth.kernel.fs.hostfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.SharedDirectory;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.TopDown;
import dev.plinth.kernel.state.proto.HostFsInodeState;
import dev.plinth.kernel.state.proto.HostFsState;
import dev.plinth.kernel.state.proto.HostHandleState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Finds files of the host again that were in use when they were saved: by their paths, and checks
 * that they are what they were. Those that were gone then get what was saved of them, in files
 * without a name.
 *
 * <p>Confined to the thread that restores.
 */
final class RestoredHostFs {
    private final HostKernel host;
    private final MemoryFile memory;
    private final Clock clock;
    private final RestorePolicy policy;
    private final Consumer<FileSystem> owner;

    RestoredHostFs(
            HostKernel host,
            MemoryFile memory,
            Clock clock,
            RestorePolicy policy,
            Consumer<FileSystem> owner) {
        this.host = requireNonNull(host, "host is null");
        this.memory = requireNonNull(memory, "memory is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.policy = requireNonNull(policy, "policy is null");
        this.owner = requireNonNull(owner, "owner is null");
    }

    void addTo(Restorers restorers) {
        TopDown parents = new TopDown(object -> object.getHostHandle().getParentRef());
        restorers.add(KindCase.HOST_FS, this::fileSystem);
        restorers.add(
                KindCase.HOST_HANDLE,
                (object, reader) -> {
                    parents.makeAbove(object, reader, HostHandle.class);
                    return handle(object.getHostHandle(), reader);
                });
        restorers.add(KindCase.HOST_FS_INODE, this::inode);
        restorers.add(KindCase.HOSTFS_DESCRIPTION, HostfsDescription::restore);
    }

    private HostFs fileSystem(ObjectState object, StateReader reader) {
        HostFsState state = object.getHostFs();
        PathName path = PathName.of(state.getPath().toByteArray());
        InodeNumbers numbers = InodeNumbers.of(reader);
        DeviceNumber device = numbers.requireGivenDevice(state.getDevice());
        HostFd rootFd = open(path);
        try {
            HostCalls calls = new HostCalls(host);
            requireAllowed(state, calls.pathOf(rootFd));
            HostAttributes found = calls.attributes(rootFd);
            requireUnchanged(path, HostAttributes.restore(state.getRoot()), found);
            // It may be another directory than it was.
            numbers.rebind(
                    found.id(), found.generation(), numbers.requireGiven(state.getRootNumber()));
        } catch (ErrnoException e) {
            rootFd.close();
            throw gone(path, e);
        } catch (SandboxException e) {
            rootFd.close();
            throw e;
        }
        HostFs fileSystem =
                new HostFs(
                        host,
                        rootFd,
                        device,
                        numbers,
                        memory,
                        clock,
                        PathName.of(state.getDestination().toByteArray()),
                        state.getReadOnly());
        owner.accept(fileSystem);
        return fileSystem;
    }

    /** Refuses a directory that is to be changed, unless whoever restores has named it. */
    private void requireAllowed(HostFsState state, PathName path) {
        if (!state.getReadOnly() && !policy.writable().contains(path)) {
            PathName destination = PathName.of(state.getDestination().toByteArray());
            throw new SharedDirectory(path.toString(), destination.toString(), true).notGiven();
        }
    }

    private HostFd open(PathName path) {
        if (!path.isAbsolute() || path.length() >= Fs.PATH_MAX) {
            throw StateReader.corrupt("a directory of the host has no path");
        }
        try {
            return HostFs.openDirectory(host, path.toString());
        } catch (ErrnoException e) {
            throw gone(path, e);
        }
    }

    private static SandboxException gone(PathName path, ErrnoException e) {
        return new SandboxException(
                ErrorCode.HOST_FILE_CHANGED,
                "%s of the host is not there any more: %s".formatted(path, e.errno().text()),
                "put it back as it was when the image was written",
                e);
    }

    /** Refuses a file that is another one, or has other content, unless that is allowed. */
    private void requireUnchanged(PathName path, HostAttributes saved, HostAttributes found) {
        if (found.type() != saved.type()) {
            throw changed(path, "it was %s and is %s".formatted(saved.type(), found.type()));
        }
        if (policy.allowChanged()) {
            return;
        }
        if (!found.isSameFile(saved)) {
            throw changed(path, "it is another file, under inode " + found.id().inode());
        }
        boolean hasContent = saved.type() == FileType.REGULAR || saved.type() == FileType.SYMLINK;
        if (hasContent && found.stat().size() != saved.stat().size()) {
            throw changed(
                    path,
                    "it had %d bytes and has %d"
                            .formatted(saved.stat().size(), found.stat().size()));
        }
        if (hasContent && !found.stat().modified().equals(saved.stat().modified())) {
            throw changed(path, "it was written at " + found.stat().modified());
        }
    }

    private static SandboxException changed(PathName path, String how) {
        return new SandboxException(
                ErrorCode.HOST_FILE_CHANGED,
                "%s of the host has changed since the image was written: %s".formatted(path, how),
                "put the file back, or restore with --allow-changed");
    }

    private HostHandle handle(HostHandleState state, StateReader reader) {
        HostFs fileSystem = reader.get(state.getFileSystemRef(), HostFs.class);
        if (state.getParentRef() == 0) {
            return fileSystem.rootDirectory().handle();
        }
        HostHandle parent = reader.get(state.getParentRef(), HostHandle.class);
        PathName name = PathName.of(state.getName().toByteArray());
        HostAttributes saved = HostAttributes.restore(state.getAttributes());
        boolean fits = name.isName() && parent.fileSystem().equals(fileSystem);
        // Below what is gone everything is.
        PathName path = parent.path().child(name);
        if (!fits || path.length() >= Fs.PATH_MAX) {
            throw StateReader.corrupt("the name '" + name + "' of the host is out of place");
        }
        HostAttributes attributes = state.getGone() ? saved : find(fileSystem, path, saved);
        return new HostHandle(fileSystem, attributes, Optional.of(parent), name, state.getGone());
    }

    private HostAttributes find(HostFs fileSystem, PathName path, HostAttributes saved) {
        try (HostFd fd =
                fileSystem
                        .calls()
                        .open(fileSystem.rootFd(), path, Fcntl.O_PATH | Fcntl.O_NOFOLLOW, 0)) {
            HostAttributes found = fileSystem.calls().attributes(fd);
            requireUnchanged(path, saved, found);
            return found;
        } catch (ErrnoException e) {
            throw gone(path, e);
        }
    }

    private Inode inode(ObjectState object, StateReader reader) {
        HostFsInodeState state = object.getHostFsInode();
        HostHandle handle = reader.get(state.getHandleRef(), HostHandle.class);
        HostDirectory root = handle.fileSystem().rootDirectory();
        if (handle.equals(root.handle())) {
            return root;
        }
        InodeNumbers numbers = InodeNumbers.of(reader);
        long number = numbers.requireGiven(state.getNumber());
        Inode inode = HostFs.makeInode(handle, number);
        if (handle.isGone()) {
            if (inode instanceof HostFile file) {
                restoreContent(file, state, reader);
            }
            return inode;
        }
        HostAttributes found = handle.lastKnown();
        if (numbers.ofHostFile(found.id(), found.generation()) != number) {
            numbers.rebind(found.id(), found.generation(), number);
        }
        handle.fileSystem().restored((HostFsInode) inode);
        return inode;
    }

    /** Makes a file without a name that has what was saved of one that is gone. */
    private static void restoreContent(HostFile file, HostFsInodeState state, StateReader reader) {
        HostHandle handle = file.handle();
        HostAttributes saved = handle.lastKnown();
        HostCalls calls = handle.calls();
        HostFd fd =
                handle.fileSystem().isReadOnly()
                        ? calls.openInMemory()
                        : calls.openUnnamed(handle.fileSystem().rootFd());
        try {
            byte[] content = state.getContent().toByteArray();
            for (int at = 0; at < content.length; ) {
                MemorySegment rest = MemorySegment.ofArray(content).asSlice(at);
                at += (int) calls.write(fd, rest, at);
            }
            HostAttributes made = calls.attributes(fd);
            if (made.stat().uid() != saved.stat().uid()
                    || made.stat().gid() != saved.stat().gid()) {
                calls.setOwner(fd, saved.stat().uid(), saved.stat().gid());
            }
            calls.setPermissions(fd, saved.stat().permissions());
            calls.setTimes(
                    fd, Optional.of(saved.stat().accessed()), Optional.of(saved.stat().modified()));
            handle.restoreUnnamed(calls.attributes(fd));
        } catch (ErrnoException e) {
            fd.close();
            throw new SandboxException(
                    ErrorCode.HOST_FILE_CHANGED,
                    "%s, which was gone from the host, cannot be made again: %s"
                            .formatted(handle.path(), e.errno().text()),
                    "restore as the user who wrote the image, where there is room",
                    e);
        }
        file.restoreGone(state, fd, reader);
    }
}
