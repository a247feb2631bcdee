package dev.plinth.kernel.vfs;

/** A symbolic link that is the same for everyone, as all are but for some of procfs. */
public abstract class FixedSymlink extends SymbolicLink {
    /** A symbolic link of a file system; see {@link Inode#Inode}. */
    protected FixedSymlink(FileSystem fileSystem, long number) {
        super(fileSystem, number);
    }

    /** What readlink(2) shows. */
    public abstract PathName target();

    @Override
    public final PathName target(Caller caller) {
        return target();
    }
}
