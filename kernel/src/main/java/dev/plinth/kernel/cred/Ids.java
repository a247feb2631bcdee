package dev.plinth.kernel.cred;

import dev.plinth.kernel.state.proto.IdsState;

/**
 * The user ids of a task, or its group ids.
 *
 * <p>Ids are unsigned 32-bit numbers.
 *
 * @param real whose it is
 * @param effective what checks look at
 * @param saved what the effective one may go back to
 * @param fileSystem what checks of files look at
 */
public record Ids(int real, int effective, int saved, int fileSystem) {
    /** No id: what a call is given for an id that is to stay, or cannot take. */
    public static final int NONE = -1;

    /** The same id in all four roles. */
    public static Ids all(int id) {
        return new Ids(id, id, id, id);
    }

    /** Ids that were saved. */
    static Ids restore(IdsState state) {
        return new Ids(
                state.getReal(), state.getEffective(), state.getSaved(), state.getFileSystem());
    }

    /** What is saved of them. */
    IdsState save() {
        return IdsState.newBuilder()
                .setReal(real)
                .setEffective(effective)
                .setSaved(saved)
                .setFileSystem(fileSystem)
                .build();
    }

    /** Whether an id is the real, effective or saved one. */
    public boolean includes(int id) {
        return id == real || id == effective || id == saved;
    }

    /** Whether an id is the real, effective and saved one. */
    public boolean areAll(int id) {
        return id == real && id == effective && id == saved;
    }

    /** These ids with another one for files. */
    public Ids withFileSystem(int id) {
        return new Ids(real, effective, saved, id);
    }

    /** These ids with another effective one, which is that for files too. */
    Ids withEffective(int id) {
        return new Ids(real, id, saved, id);
    }
}
