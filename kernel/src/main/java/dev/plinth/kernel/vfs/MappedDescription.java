package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.mm.MappedFile;
import java.util.Optional;

/**
 * An open file as mappings see it.
 *
 * @param file each mapping holds a reference to it
 * @param shared whether writes to the mapping are for the file
 */
public record MappedDescription(FileDescription file, boolean shared) implements MappedFile {
    public MappedDescription {
        requireNonNull(file, "file is null");
    }

    @Override
    public Optional<? extends Mappable> mappable() {
        try {
            return Optional.of(file.mappable(shared && file.isWritable()));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public boolean isReadable() {
        return file.isReadable();
    }

    @Override
    public boolean isWritable() {
        return file.isWritable();
    }

    @Override
    public boolean mayExecute() {
        return !file.location().mount().options().noExecute();
    }

    @Override
    public String path() {
        Location location = file.location();
        return PathDisplay.of(rootOf(location), location).text().toString();
    }

    /** The root of all mounts, which a process may have left behind by chroot(2). */
    private static Location rootOf(Location location) {
        Mount mount = location.mount();
        while (mount.mountPoint().isPresent()) {
            mount = mount.mountPoint().get().mount();
        }
        return mount.rootLocation();
    }

    @Override
    public long device() {
        return file.inode().deviceId().encode();
    }

    @Override
    public long inode() {
        return file.inode().number();
    }

    @Override
    public void retain() {
        file.retain();
    }

    @Override
    public void release() {
        file.close();
    }

    @Override
    public void sync(long start, long end) {
        file.sync(true);
    }
}
