package dev.plinth.kernel.fd;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.hostfs.HostAttributes;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.HostFileDescriptionState;
import dev.plinth.kernel.state.proto.HostFilesState;
import dev.plinth.kernel.state.proto.HostInodeState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.Location;

import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Makes open files of the host again out of descriptors that are given by the roles of those that
 * were saved: whatever they are this time, each file keeps the number that it had.
 *
 * <p>What was one file must be one file again, for it has one number. What were several may be one
 * now: each keeps its number. Confined to the thread that restores.
 */
@NotSaved("lives as long as a restore")
final class RestoredHostFiles {
    private final HostKernel host;
    private final Map<FdRole, HostFd> descriptors;

    /** Roles whose descriptors belong to an open file by now. */
    private final Set<FdRole> taken = new HashSet<>();

    RestoredHostFiles(HostKernel host, Map<FdRole, HostFd> descriptors) {
        this.host = requireNonNull(host, "host is null");
        this.descriptors = new LinkedHashMap<>(descriptors);
    }

    void addTo(Restorers restorers) {
        restorers.add(KindCase.HOST_FILES, this::files);
        restorers.add(KindCase.HOST_INODE, this::inode);
        restorers.add(KindCase.HOST_FILE_DESCRIPTION, this::description);
    }

    private HostFiles files(ObjectState object, StateReader reader) {
        HostFilesState state = object.getHostFiles();
        HostFiles files =
                new HostFiles(
                        host,
                        InodeNumbers.of(reader),
                        reader.get(state.getFileSystemRef(), AnonymousFs.class));
        files.terminal().restore(state.getForegroundGroup());
        return files;
    }

    private HostInode inode(ObjectState object, StateReader reader) {
        HostInodeState state = object.getHostInode();
        HostFiles files = reader.get(state.getHostFilesRef(), HostFiles.class);
        List<FdRole> roles = roles(state.getRolesList());
        if (roles.isEmpty()) {
            throw StateReader.corrupt("a file of the host has no role");
        }
        HostInode inode =
                new HostInode(
                        reader.get(state.getFileSystemRef(), AnonymousFs.class),
                        files,
                        requireOneFile(files, roles).stat(),
                        InodeNumbers.of(reader).requireGiven(state.getNumber()),
                        roles,
                        files.terminal());
        files.restored(inode);
        return inode;
    }

    private static List<FdRole> roles(List<String> names) {
        return names.stream().map(FdRole::new).toList();
    }

    /** The file that all these roles stand for. */
    private HostAttributes requireOneFile(HostFiles files, List<FdRole> roles) {
        FdRole first = roles.getFirst();
        HostAttributes attributes = attributes(files, first);
        for (FdRole other : roles) {
            if (!attributes(files, other).id().equals(attributes.id())) {
                throw new SandboxException(
                        ErrorCode.IMAGE_ROLES_DIFFER,
                        "%s and %s were one file when the image was written, and are two now"
                                .formatted(first, other),
                        "give one file for both, as '2>&1' of a shell does");
            }
        }
        return attributes;
    }

    private HostAttributes attributes(HostFiles files, FdRole role) {
        try {
            return files.calls().attributes(require(role));
        } catch (ErrnoException e) {
            throw unusable(role, e);
        }
    }

    private HostFd require(FdRole role) {
        HostFd fd = descriptors.get(role);
        if (fd == null) {
            throw new SandboxException(
                    ErrorCode.IMAGE_ROLE_MISSING,
                    "the image needs %s (%s), which is closed".formatted(role, role.label()),
                    "restore with " + role.label() + " open; /dev/null will do");
        }
        return fd;
    }

    private static SandboxException unusable(FdRole role, ErrnoException e) {
        return new SandboxException(
                ErrorCode.IMAGE_ROLE_MISSING,
                "the image needs %s (%s), which cannot be used: %s"
                        .formatted(role, role.label(), e.errno().text()),
                "restore with " + role.label() + " open as it was when the image was written",
                e);
    }

    private HostFileDescription description(ObjectState object, StateReader reader) {
        HostFileDescriptionState state = object.getHostFileDescription();
        HostInode inode = reader.get(state.getHostInodeRef(), HostInode.class);
        Location location = Location.restore(state.getFile().getLocation(), reader);
        List<FdRole> roles = roles(state.getRolesList());
        HostFileDescription file =
                roles.isEmpty()
                        ? openedAgain(state, inode, location)
                        : given(state, inode, location, roles);
        try {
            file.restoreOpenFile(state.getFile(), reader);
            file.restoreTerminal(state.getTermios().toByteArray());
        } catch (ErrnoException e) {
            throw unusable(inode.firstRole(), e);
        }
        return file;
    }

    private HostFileDescription given(
            HostFileDescriptionState state,
            HostInode inode,
            Location location,
            List<FdRole> roles) {
        for (FdRole role : roles) {
            if (!inode.isGivenBy(role) || !taken.add(role)) {
                throw StateReader.corrupt(role + " is another file's");
            }
        }
        List<HostFd> owned = roles.stream().map(this::require).toList();
        return new HostFileDescription(
                location,
                state.getFile().getFlags(),
                inode.files(),
                inode,
                roles,
                owned,
                inode.files().kind(owned.getFirst(), inode.type()));
    }

    /** A file that the sandbox had opened by way of one that was given. */
    private HostFileDescription openedAgain(
            HostFileDescriptionState state, HostInode inode, Location location) {
        FdRole role = inode.firstRole();
        try {
            return inode.files().reopen(location, state.getFile().getFlags(), require(role), inode);
        } catch (ErrnoException e) {
            throw unusable(role, e);
        }
    }
}
