package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.BYTES_OUT;
import static dev.plinth.kernel.strace.Formats.FD;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.bytesIn;
import static dev.plinth.kernel.syscall.SyscallRow.partial;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.AttributeStore;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** Extended attributes (fs/xattr.c): kept as they are set, for the kernel gives no heed to them. */
final class XattrSyscalls implements SyscallFamily {
    /** linux/xattr.h. */
    private static final int XATTR_CREATE = 1;

    private static final int XATTR_REPLACE = 2;

    /** linux/limits.h. */
    private static final int XATTR_NAME_MAX = 255;

    private static final int XATTR_SIZE_MAX = 65536;

    private static final String ATTRIBUTES =
            "user, trusted and security attributes; no access lists";

    private static final ArgumentFormat FLAGS =
            new FlagFormat("0")
                    .with(XATTR_CREATE, "XATTR_CREATE")
                    .with(XATTR_REPLACE, "XATTR_REPLACE")
                    .family("XATTR_???");

    private static final ArgumentFormat VALUE = bytesIn(3);

    /** Finds the file that a call is about, and does something with it. */
    private interface FileCall {
        void with(Task task, SyscallArguments arguments, FileUse use);
    }

    /** What is done with the file. */
    private interface FileUse {
        void apply(Location location);
    }

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                get("getxattr", XattrSyscalls::atPath, PATH),
                get("lgetxattr", XattrSyscalls::atLink, PATH),
                get("fgetxattr", XattrSyscalls::atDescriptor, FD),
                list("listxattr", XattrSyscalls::atPath, PATH),
                list("llistxattr", XattrSyscalls::atLink, PATH),
                list("flistxattr", XattrSyscalls::atDescriptor, FD),
                set("setxattr", XattrSyscalls::atPath, PATH),
                set("lsetxattr", XattrSyscalls::atLink, PATH),
                set("fsetxattr", XattrSyscalls::atDescriptor, FD),
                remove("removexattr", XattrSyscalls::atPath, PATH),
                remove("lremovexattr", XattrSyscalls::atLink, PATH),
                remove("fremovexattr", XattrSyscalls::atDescriptor, FD));
    }

    private static void atPath(Task task, SyscallArguments arguments, FileUse use) {
        use.apply(PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.FOLLOW));
    }

    private static void atLink(Task task, SyscallArguments arguments, FileUse use) {
        use.apply(
                PathArguments.resolve(task, Fcntl.AT_FDCWD, arguments.longAt(0), Lookup.NO_FOLLOW));
    }

    private static void atDescriptor(Task task, SyscallArguments arguments, FileUse use) {
        try (FileDescription file = task.files().get(arguments.intAt(0))) {
            use.apply(file.location());
        }
    }

    private static SyscallRow get(String call, FileCall file, ArgumentFormat format) {
        return partial(
                call,
                ATTRIBUTES,
                (task, arguments) -> {
                    XattrName name = readName(task, arguments.longAt(1));
                    byte[][] value = {{}};
                    file.with(
                            task,
                            arguments,
                            location -> {
                                name.requireReadable(task, location);
                                name.requireKnown();
                                value[0] =
                                        location.inode()
                                                .xattr(name.text())
                                                .orElseThrow(
                                                        () -> ErrnoException.of(Errno.ENODATA));
                            });
                    return hand(task, value[0], arguments.longAt(2), arguments.longAt(3));
                },
                format,
                PATH,
                BYTES_OUT,
                SIZE);
    }

    private static SyscallRow list(String call, FileCall file, ArgumentFormat format) {
        return partial(
                call,
                ATTRIBUTES,
                (task, arguments) -> {
                    boolean all = task.credentials().has(Capability.SYS_ADMIN);
                    StringBuilder names = new StringBuilder();
                    file.with(
                            task,
                            arguments,
                            location ->
                                    location.inode().xattrNames().stream()
                                            .filter(name -> all || !XattrName.isTrusted(name))
                                            .forEach(name -> names.append(name).append('\0')));
                    return hand(
                            task,
                            names.toString().getBytes(StandardCharsets.ISO_8859_1),
                            arguments.longAt(1),
                            arguments.longAt(2));
                },
                format,
                BYTES_OUT,
                SIZE);
    }

    /** Gives a program what it has room for, or only says how much that would be. */
    private static long hand(Task task, byte[] bytes, long address, long room) {
        if (room == 0) {
            return bytes.length;
        }
        if (Long.compareUnsigned(room, bytes.length) < 0) {
            throw ErrnoException.of(Errno.ERANGE);
        }
        task.guestMemory().copyOut(address, bytes);
        return bytes.length;
    }

    private static SyscallRow set(String call, FileCall file, ArgumentFormat format) {
        return partial(
                call,
                ATTRIBUTES,
                (task, arguments) -> {
                    long size = arguments.longAt(3);
                    AttributeStore.XattrMode mode = mode(arguments.intAt(4));
                    XattrName name = readName(task, arguments.longAt(1));
                    if (Long.compareUnsigned(size, XATTR_SIZE_MAX) > 0) {
                        throw ErrnoException.of(Errno.E2BIG);
                    }
                    byte[] value = task.guestMemory().copyIn(arguments.longAt(2), (int) size);
                    file.with(
                            task,
                            arguments,
                            location -> {
                                location.mount().requireWritable();
                                name.requireValid(value);
                                name.requireWritable(task, location);
                                name.requireKnown();
                                location.inode().setXattr(name.text(), value, mode);
                            });
                    return 0;
                },
                format,
                PATH,
                VALUE,
                SIZE,
                FLAGS);
    }

    private static AttributeStore.XattrMode mode(int flags) {
        PathArguments.requireFlags(flags, XATTR_CREATE | XATTR_REPLACE);
        if ((flags & XATTR_CREATE) != 0) {
            return AttributeStore.XattrMode.CREATE;
        }
        return flags == 0 ? AttributeStore.XattrMode.ANY : AttributeStore.XattrMode.REPLACE;
    }

    private static SyscallRow remove(String call, FileCall file, ArgumentFormat format) {
        return partial(
                call,
                ATTRIBUTES,
                (task, arguments) -> {
                    XattrName name = readName(task, arguments.longAt(1));
                    file.with(
                            task,
                            arguments,
                            location -> {
                                location.mount().requireWritable();
                                name.requireWritable(task, location);
                                name.requireKnown();
                                location.inode().removeXattr(name.text());
                            });
                    return 0;
                },
                format,
                PATH);
    }

    /** {@code import_xattr_name} of fs/xattr.c. */
    private static XattrName readName(Task task, long address) {
        Optional<byte[]> name = task.guestMemory().readString(address, XATTR_NAME_MAX + 1);
        if (name.isEmpty() || name.get().length == 0) {
            throw ErrnoException.of(Errno.ERANGE);
        }
        return new XattrName(new String(name.get(), StandardCharsets.ISO_8859_1));
    }
}
