package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.mm.MappedFile;
import java.util.Optional;

/** An open file as a mapping sees it. */
final class DescriptionMapping implements MappedFile {
    private final FileDescription file;

    DescriptionMapping(FileDescription file) {
        this.file = requireNonNull(file, "file is null");
    }

    @Override
    public Optional<? extends Mappable> mappable() {
        return file.mappable();
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
        return PathDisplay.ofWholeTree(file.location()).text().toString();
    }

    @Override
    public long device() {
        return file.inode().fileSystem().device().encode();
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
