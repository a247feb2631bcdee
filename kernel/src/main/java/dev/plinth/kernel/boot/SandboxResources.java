package dev.plinth.kernel.boot;

import dev.plinth.api.host.HostCallException;

import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What a sandbox owns, closed in the reverse order of its making.
 *
 * <p>Confined to one thread at a time.
 */
final class SandboxResources implements AutoCloseable {
    private final Deque<Resource> owned = new ArrayDeque<>();

    /** Something whose closing throws no checked exception. */
    interface Resource extends AutoCloseable {
        @Override
        void close();
    }

    /** Has something closed when the sandbox is, before all that was added earlier. */
    void own(Resource resource) {
        owned.push(resource);
    }

    @Override
    public void close() {
        RuntimeException failure = null;
        while (!owned.isEmpty()) {
            try {
                owned.pop().close();
            } catch (IllegalStateException | HostCallException e) {
                if (failure == null) {
                    failure = e;
                } else {
                    failure.addSuppressed(e);
                }
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
