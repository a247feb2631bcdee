package dev.plinth.kernel.vfs;

import dev.plinth.kernel.state.NotSaved;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * Keeps recently used dentries from being collected: a table with one place for each hash, in which
 * the newcomer wins. Any thread may use it.
 */
@NotSaved("a cache")
final class DentryCache {
    private static final int SIZE = 4096;

    private final AtomicReferenceArray<Dentry> recent = new AtomicReferenceArray<>(SIZE);

    void touch(Dentry dentry) {
        int slot = System.identityHashCode(dentry) & (SIZE - 1);
        if (recent.getPlain(slot) != dentry) {
            recent.setRelease(slot, dentry);
        }
    }
}
