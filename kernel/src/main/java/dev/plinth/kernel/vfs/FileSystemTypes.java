package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.NotSaved;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;

/**
 * The types of file systems that mount(2) knows, by their names in /proc/filesystems.
 *
 * <p>Filled while the sandbox is made; any thread may ask.
 */
@NotSaved("every sandbox has the same types; their file systems are saved")
public final class FileSystemTypes {
    private final Map<String, Type> types = new ConcurrentSkipListMap<>();

    FileSystemTypes() {}

    /** Makes a file system for a mount. */
    @FunctionalInterface
    public interface Maker {
        /**
         * A new file system.
         *
         * @param options the last argument of mount(2)
         * @throws ErrnoException EINVAL if they make no sense
         */
        FileSystem make(String options);
    }

    /**
     * A type of file systems.
     *
     * @param isSingle whether there is one of it in the sandbox, whose owner is not the mount tree
     * @param maker makes one, or gives the only one
     */
    record Type(boolean isSingle, Maker maker) {}

    /** Adds a type of which each mount(2) makes a new one. */
    public void register(String name, Maker maker) {
        add(name, new Type(false, requireNonNull(maker, "maker is null")));
    }

    /** Adds a type of which there is one, which stays the caller's. */
    public void registerSingle(String name, FileSystem fileSystem) {
        requireNonNull(fileSystem, "fileSystem is null");
        add(name, new Type(true, options -> fileSystem));
    }

    private void add(String name, Type type) {
        if (types.putIfAbsent(name, type) != null) {
            throw new IllegalStateException("file system type registered twice: " + name);
        }
    }

    /** The type of a name; ENODEV if there is none. */
    Type get(String name) {
        Type type = types.get(name);
        if (type == null) {
            throw ErrnoException.of(Errno.ENODEV);
        }
        return type;
    }

    /** The names, in order. */
    public List<String> names() {
        return List.copyOf(types.keySet());
    }
}
