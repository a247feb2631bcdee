package dev.plinth.kernel.vfs;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Stat;

import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.TreeSet;
import java.util.function.Supplier;

/** The same calls in the sandbox's file layer. */
public final class VfsFileCalls implements FileCalls {
    private final Vfs vfs;
    private final Caller caller;
    private final Location base;

    /** Calls of a caller that start at a place. */
    public VfsFileCalls(Vfs vfs, Caller caller, Location base) {
        this.vfs = vfs;
        this.caller = caller;
        this.base = base;
    }

    /** The same calls, starting in a directory below. */
    VfsFileCalls below(String path) {
        return new VfsFileCalls(vfs, caller, resolve(path, true));
    }

    /** Attributes as text; what differs from one file system to the next is left out. */
    static String describe(FileType type, int permissions, int links, long size) {
        return switch (type) {
            case DIRECTORY -> "%s %o".formatted(type, permissions);
            default -> "%s %o %d %d".formatted(type, permissions, links, size);
        };
    }

    private static String run(Runnable action) {
        return value(() -> {
            action.run();
            return "ok";
        });
    }

    private static String value(Supplier<String> action) {
        try {
            return action.get();
        } catch (ErrnoException e) {
            return e.errno().name();
        }
    }

    private FileDescription opened(String path, int flags, int mode) {
        return vfs.open(caller, base, PathName.of(path), OpenHow.of(flags, mode));
    }

    private Location resolve(String path, boolean follow) {
        return vfs.resolve(
                caller, base, PathName.of(path), follow ? Lookup.FOLLOW : Lookup.NO_FOLLOW);
    }

    @Override
    public String open(String path, int flags, int mode) {
        return run(() -> opened(path, flags, mode).close());
    }

    @Override
    public String stat(String path, boolean follow) {
        return value(() -> {
            FileStat stat = resolve(path, follow).inode().stat();
            return describe(stat.type(), stat.permissions(), stat.links(), stat.size());
        });
    }

    @Override
    public String read(String path) {
        return value(() -> {
            try (FileDescription file = opened(path, Fcntl.O_RDONLY, 0)) {
                byte[] bytes = new byte[1 << 16];
                int n = (int) file.read(IoBuffer.of(bytes));
                String text = new String(bytes, 0, n, StandardCharsets.ISO_8859_1);
                return "'" + text + "'";
            }
        });
    }

    @Override
    public String write(String path, int flags, long offset, String text) {
        return value(() -> {
            try (FileDescription file = opened(path, flags | Fcntl.O_WRONLY, 0644)) {
                byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
                return "wrote " + file.writeAt(IoBuffer.of(bytes), offset);
            }
        });
    }

    @Override
    public String list(String path) {
        return value(() -> {
            TreeSet<String> names = new TreeSet<>();
            try (FileDescription file = opened(path, Fcntl.O_DIRECTORY, 0)) {
                file.readEntries((entry, next) -> names.add(entry.name().toString()));
            }
            names.removeAll(List.of(".", ".."));
            return String.join("\n", names);
        });
    }

    @Override
    public String readLink(String path) {
        return value(() -> vfs.readLink(caller, resolve(path, false)).toString());
    }

    @Override
    public String makeDirectory(String path, int mode) {
        return run(() -> vfs.makeDirectory(caller, base, PathName.of(path), mode));
    }

    @Override
    public String removeDirectory(String path) {
        return run(() -> vfs.removeDirectory(caller, base, PathName.of(path)));
    }

    @Override
    public String unlink(String path) {
        return run(() -> vfs.unlink(caller, base, PathName.of(path)));
    }

    @Override
    public String rename(String from, String to, int flags) {
        return run(() -> vfs.rename(caller, base, PathName.of(from), base, PathName.of(to), flags));
    }

    @Override
    public String link(String from, String to) {
        return run(() -> vfs.link(caller, resolve(from, false), base, PathName.of(to)));
    }

    @Override
    public String symlink(String target, String path) {
        return run(() -> vfs.makeSymlink(caller, PathName.of(target), base, PathName.of(path)));
    }

    @Override
    public String makeFifo(String path, int mode) {
        return run(() ->
                vfs.makeNode(
                        caller, base, PathName.of(path), Stat.S_IFIFO | mode, DeviceNumber.NONE));
    }

    @Override
    public String setPermissions(String path, int mode) {
        return run(() -> vfs.setPermissions(caller, resolve(path, true), mode));
    }

    @Override
    public String truncate(String path, long size) {
        return value(() -> {
            try (FileDescription file = opened(path, Fcntl.O_WRONLY | Fcntl.O_NONBLOCK, 0)) {
                vfs.truncate(caller, file, size);
                return "ok";
            }
        });
    }

    @Override
    public String access(String path, int mode) {
        return run(() ->
                vfs.checkAccess(
                        caller.with(caller.credentials().forAccessCheck()),
                        resolve(path, true),
                        mode));
    }
}
