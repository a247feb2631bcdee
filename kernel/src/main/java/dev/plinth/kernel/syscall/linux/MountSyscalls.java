package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.HEX;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.FsContext;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.MountTree;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.MountFlags;

import java.util.List;
import java.util.Optional;

/** Mounting and unmounting: mount(2), umount2(2), pivot_root(2) (fs/namespace.c). */
final class MountSyscalls implements SyscallFamily {
    private static final String TYPES =
            "tmpfs, proc, sysfs, devtmpfs, bind, move, remount; no propagation between mounts";

    private static final String NO_EXPIRY = "no MNT_EXPIRE";

    private static final ArgumentFormat MOUNT_FLAGS =
            new FlagFormat("0")
                    .with(MountFlags.MS_RDONLY, "MS_RDONLY")
                    .with(MountFlags.MS_NOSUID, "MS_NOSUID")
                    .with(MountFlags.MS_NODEV, "MS_NODEV")
                    .with(MountFlags.MS_NOEXEC, "MS_NOEXEC")
                    .with(MountFlags.MS_REMOUNT, "MS_REMOUNT")
                    .with(MountFlags.MS_NOATIME, "MS_NOATIME")
                    .with(MountFlags.MS_BIND, "MS_BIND")
                    .with(MountFlags.MS_MOVE, "MS_MOVE")
                    .with(MountFlags.MS_REC, "MS_REC")
                    .with(MountFlags.MS_SILENT, "MS_SILENT")
                    .with(MountFlags.MS_UNBINDABLE, "MS_UNBINDABLE")
                    .with(MountFlags.MS_PRIVATE, "MS_PRIVATE")
                    .with(MountFlags.MS_SLAVE, "MS_SLAVE")
                    .with(MountFlags.MS_SHARED, "MS_SHARED")
                    .with(MountFlags.MS_RELATIME, "MS_RELATIME")
                    .family("MS_???");

    private static final ArgumentFormat UMOUNT_FLAGS =
            new FlagFormat("0")
                    .with(MountFlags.MNT_FORCE, "MNT_FORCE")
                    .with(MountFlags.MNT_DETACH, "MNT_DETACH")
                    .with(MountFlags.MNT_EXPIRE, "MNT_EXPIRE")
                    .with(MountFlags.UMOUNT_NOFOLLOW, "UMOUNT_NOFOLLOW")
                    .family("MNT_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial("mount", TYPES, MountSyscalls::mount, PATH, PATH, PATH, MOUNT_FLAGS, HEX),
                partial("umount2", NO_EXPIRY, MountSyscalls::umount2, PATH, UMOUNT_FLAGS),
                supported("pivot_root", MountSyscalls::pivotRoot, PATH, PATH));
    }

    private static Mount.Options how(int flags) {
        return new Mount.Options(
                (flags & MountFlags.MS_RDONLY) != 0,
                (flags & MountFlags.MS_NOSUID) != 0,
                (flags & MountFlags.MS_NODEV) != 0,
                (flags & MountFlags.MS_NOEXEC) != 0);
    }

    private static void requireMayMount(Task task) {
        if (!task.credentials().has(Capability.SYS_ADMIN)) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    private static long mount(Task task, SyscallArguments arguments) {
        Optional<PathName> type = text(task, arguments.longAt(2));
        Optional<PathName> source = text(task, arguments.longAt(0));
        int flags = arguments.intAt(3);
        if ((flags & MountFlags.MS_MGC_MSK) == MountFlags.MS_MGC_VAL) {
            flags &= ~MountFlags.MS_MGC_MSK;
        }
        String options = options(task, arguments.longAt(4));
        Location at = at(task, arguments.longAt(1), Lookup.FOLLOW);
        requireMayMount(task);
        MountTree mounts = task.kernel().mounts();
        if ((flags & MountFlags.MS_REMOUNT) != 0) {
            requireRoot(at).remount(how(flags));
        } else if ((flags & MountFlags.MS_BIND) != 0) {
            boolean recursive = (flags & MountFlags.MS_REC) != 0;
            mounts.bind(sourcePlace(task, source), at, recursive);
        } else if ((flags & MountFlags.PROPAGATION) != 0) {
            setPropagation(at, flags);
        } else if ((flags & MountFlags.MS_MOVE) != 0) {
            mounts.move(sourcePlace(task, source), at);
        } else {
            PathName name = type.orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
            String shownSource = source.map(PathName::toString).orElse("none");
            mounts.mountNew(shownSource, name.toString(), options, at, how(flags));
        }
        return 0;
    }

    /** A string that may be left out. */
    private static Optional<PathName> text(Task task, long address) {
        return address == 0
                ? Optional.empty()
                : Optional.of(PathArguments.pathOrEmpty(task, address));
    }

    /** What only the file system understands: a string within a page. */
    private static String options(Task task, long address) {
        if (address == 0) {
            return "";
        }
        byte[] bytes =
                task.guestMemory()
                        .readString(address, Pages.SIZE)
                        .orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
        return PathName.of(bytes).toString();
    }

    private static Location at(Task task, long address, Lookup lookup) {
        return PathArguments.resolve(task, Fcntl.AT_FDCWD, address, lookup);
    }

    private static Location sourcePlace(Task task, Optional<PathName> source) {
        PathName path =
                source.filter(text -> !text.isEmpty())
                        .orElseThrow(() -> ErrnoException.of(Errno.EINVAL));
        return task.kernel()
                .vfs()
                .resolve(task.caller(), PathArguments.workingDirectory(task), path, Lookup.FOLLOW);
    }

    private static Mount requireRoot(Location at) {
        if (at.dentry() != at.mount().root()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return at.mount();
    }

    /** There is one namespace, and no mount in it has peers: each is private, whatever is asked. */
    private static void setPropagation(Location at, int flags) {
        requireRoot(at);
        boolean alone = Integer.bitCount(flags & MountFlags.PROPAGATION) == 1;
        int others = flags & ~(MountFlags.PROPAGATION | MountFlags.MS_REC | MountFlags.MS_SILENT);
        if (!alone || others != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    private static long umount2(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(1);
        PathArguments.requireFlags(
                flags, MountFlags.MNT_FORCE | MountFlags.MNT_DETACH | MountFlags.UMOUNT_NOFOLLOW);
        boolean follow = (flags & MountFlags.UMOUNT_NOFOLLOW) == 0;
        Location at = at(task, arguments.longAt(0), follow ? Lookup.FOLLOW : Lookup.NO_FOLLOW);
        requireMayMount(task);
        task.kernel()
                .mounts()
                .unmount(at, (flags & MountFlags.MNT_DETACH) != 0, mount -> isStoodOn(task, mount));
        return 0;
    }

    @SuppressWarnings("ReferenceEquality") // The same mount, not an equal one.
    private static boolean isStoodOn(Task task, Mount mount) {
        return task.kernel().tasks().stream()
                .map(Task::fs)
                .anyMatch(
                        fs -> fs.root().mount() == mount || fs.workingDirectory().mount() == mount);
    }

    private static long pivotRoot(Task task, SyscallArguments arguments) {
        Location newRoot = at(task, arguments.longAt(0), Lookup.FOLLOW);
        task.kernel().vfs().checkEnter(task.caller(), newRoot);
        Location putOld = at(task, arguments.longAt(1), Lookup.FOLLOW);
        task.kernel().vfs().checkEnter(task.caller(), putOld);
        requireMayMount(task);
        MountTree mounts = task.kernel().mounts();
        Location oldRoot = mounts.root();
        if (!task.fs().root().equals(oldRoot)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        mounts.pivot(newRoot, putOld);
        for (Task other : task.kernel().tasks()) {
            follow(other.fs(), oldRoot, newRoot);
        }
        return 0;
    }

    /** {@code chroot_fs_refs}: who stood at the old root stands at the new one. */
    private static void follow(FsContext fs, Location oldRoot, Location newRoot) {
        if (fs.root().equals(oldRoot)) {
            fs.setRoot(newRoot);
        }
        if (fs.workingDirectory().equals(oldRoot)) {
            fs.setWorkingDirectory(newRoot);
        }
    }
}
