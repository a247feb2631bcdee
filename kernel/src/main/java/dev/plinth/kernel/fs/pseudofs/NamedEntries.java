package dev.plinth.kernel.fs.pseudofs;

import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NamedInodes;
import dev.plinth.kernel.vfs.PathName;

import java.util.Map;
import java.util.Optional;

/**
 * A directory whose inodes are not saved, but made again by their names; see {@link NamedInodes}.
 */
public interface NamedEntries {
    /**
     * Makes an inode again, or finds it, whether or not what it shows is there yet.
     *
     * @param gone whether what it showed was gone when it was saved
     * @return empty if there are no such names here
     */
    Optional<Inode> restoreInode(PathName name, boolean gone);

    /** The inodes that were made so far and show something that is there, by name. */
    Map<PathName, Inode> knownInodes();

    /** What saving an inode ends in that is made again by its name: nobody does it. */
    static IllegalStateException madeByName(Inode inode) {
        return new IllegalStateException("made again by its name, not saved: " + inode.number());
    }
}
