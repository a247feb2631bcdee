package dev.plinth.kernel.fs.hostfs;

import dev.plinth.kernel.vfs.PathName;

import java.util.Set;

/**
 * What an image may have of the host. It says itself what it had, but it may say anything.
 *
 * @param allowChanged whether files may be others than they were, or have other content
 * @param writable paths of the directories that it may change, with no symbolic link in them; all
 *     others are for reading, and an image that wants more is refused
 */
public record RestorePolicy(boolean allowChanged, Set<PathName> writable) {
    public RestorePolicy {
        writable = Set.copyOf(writable);
    }
}
