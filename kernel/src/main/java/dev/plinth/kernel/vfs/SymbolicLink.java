package dev.plinth.kernel.vfs;

import java.util.Optional;

/** A symbolic link. */
public abstract class SymbolicLink extends Inode {
    /** A symbolic link of a file system; see {@link Inode#Inode}. */
    protected SymbolicLink(FileSystem fileSystem, long number) {
        super(fileSystem, number, FileType.SYMLINK);
    }

    /**
     * What readlink(2) shows.
     *
     * @param caller who asks: some links of procfs are different for everyone
     */
    public abstract PathName target(Caller caller);

    /**
     * Where following the link leads, if not by its text: the magic links of proc(5).
     *
     * <p>The caller may be refused here, as one without ptrace access is.
     */
    public Optional<Location> jump(Caller caller) {
        return Optional.empty();
    }
}
