package dev.plinth.kernel.vfs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.cred.Credentials;

/**
 * On whose behalf the file layer acts.
 *
 * @param fs where the caller stands in the tree
 * @param credentials whose permissions count
 * @param processId for {@code /proc/self}: the thread group's number
 * @param threadId for {@code /proc/thread-self}
 */
public record Caller(FsContext fs, Credentials credentials, int processId, int threadId) {
    public Caller {
        requireNonNull(fs, "fs is null");
        requireNonNull(credentials, "credentials is null");
    }

    /** The same caller with other credentials. */
    public Caller with(Credentials other) {
        return new Caller(fs, other, processId, threadId);
    }
}
