package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.vfs.FsContext;

/**
 * What a task shares with other tasks, each thing by itself, as clone(2) says. The task holds a
 * reference to each.
 *
 * @param image the program: address space and file
 * @param files the open descriptors
 * @param fs root, working directory and umask
 * @param credentials who it acts as
 */
public record TaskResources(
        ProgramImage image, FdTable files, FsContext fs, Credentials credentials)
        implements AutoCloseable {
    public TaskResources {
        requireNonNull(image, "image is null");
        requireNonNull(files, "files is null");
        requireNonNull(fs, "fs is null");
        requireNonNull(credentials, "credentials is null");
    }

    /** The same with other credentials. */
    TaskResources with(Credentials others) {
        return new TaskResources(image, files, fs, others);
    }

    /** Gives up the references: descriptors first, then the memory. */
    @Override
    public void close() {
        try (image) {
            files.close();
        }
    }
}
