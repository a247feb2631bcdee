package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.FsContextState;
import dev.plinth.kernel.state.proto.LocationState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

/**
 * Where a task stands in the tree: its root, its working directory and its umask. Linux calls it a
 * {@code struct fs_struct}.
 *
 * <p>Shared by tasks that were cloned with CLONE_FS, copied otherwise. Any thread may use it.
 */
public final class FsContext implements Stateful {
    /** The bits that a umask has. */
    private static final int UMASK = 0777;

    private volatile Location root;
    private volatile Location workingDirectory;
    private volatile int umask;

    /** A task's place, with the permissions that new files do not get. */
    public FsContext(Location root, Location workingDirectory, int umask) {
        this.root = requireNonNull(root, "root is null");
        this.workingDirectory = requireNonNull(workingDirectory, "workingDirectory is null");
        this.umask = umask;
    }

    /** Makes the places of tasks again that were saved. */
    public static void restoring(Restorers restorers) {
        restorers.add(KindCase.FS_CONTEXT, FsContext::restore);
    }

    private static FsContext restore(ObjectState object, StateReader reader) {
        FsContextState state = object.getFsContext();
        return new FsContext(
                directory(state.getRoot(), reader),
                directory(state.getWorkingDirectory(), reader),
                state.getUmask() & UMASK);
    }

    /** A directory of a mount that is in the tree, or was. */
    private static Location directory(LocationState state, StateReader reader) {
        Location location = Location.restore(state, reader);
        if (!location.isDirectory() || location.mount().isInternal()) {
            throw StateReader.corrupt("a task is where no directory is");
        }
        return location;
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        return ObjectState.newBuilder()
                .setFsContext(
                        FsContextState.newBuilder()
                                .setRoot(root.save(writer))
                                .setWorkingDirectory(workingDirectory.save(writer))
                                .setUmask(umask));
    }

    /** Where absolute paths start, and where {@code ..} leads no further. */
    public Location root() {
        return root;
    }

    /** Sets the root, as chroot(2). */
    public void setRoot(Location directory) {
        root = requireNonNull(directory, "directory is null");
    }

    /** Where relative paths start. */
    public Location workingDirectory() {
        return workingDirectory;
    }

    /** Sets the working directory, as chdir(2). */
    public void setWorkingDirectory(Location directory) {
        workingDirectory = requireNonNull(directory, "directory is null");
    }

    /** The permissions that new files do not get. */
    public int umask() {
        return umask;
    }

    /** Sets the umask, as umask(2), and returns what it was. */
    public synchronized int exchangeUmask(int newUmask) {
        int old = umask;
        umask = newUmask;
        return old;
    }

    /** A copy that changes apart from this one. */
    public FsContext copy() {
        return new FsContext(root, workingDirectory, umask);
    }
}
