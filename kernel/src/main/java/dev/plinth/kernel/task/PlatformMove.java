package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.mm.MemoryManager;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Takes the tasks of a stopped world to another platform.
 *
 * <p>Everything that can fail comes first and touches nothing that is in use: all address spaces
 * and execution contexts are made on the other platform, beside those of the one that is left.
 */
final class PlatformMove {
    private static final Logger log = LoggerFactory.getLogger(PlatformMove.class);

    private final Kernel kernel;
    private final Platform next;

    PlatformMove(Kernel kernel, Platform next) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.next = requireNonNull(next, "next is null");
    }

    /**
     * Goes to the other platform.
     *
     * @throws SandboxException PLATFORM_UNSUITABLE or HOST_EXHAUSTED; nothing has changed then.
     *     SANDBOX_STOPPED if it ends meanwhile
     */
    void move() {
        requireSuitable();
        List<MemoryManager> memories = memories();
        List<AddressSpace> spaces = new ArrayList<>();
        boolean prepared = false;
        try {
            for (int i = 0; i < memories.size(); i++) {
                spaces.add(next.newAddressSpace());
            }
            kernel.world().perform(task -> task.context().prepare(next, task.vectorState()));
            prepared = true;
        } catch (HostCallException e) {
            throw new SandboxException(
                    ErrorCode.HOST_EXHAUSTED,
                    "the other platform has no room for the sandbox: " + e.getMessage(),
                    "see which limit of the host is reached; the sandbox stays where it is",
                    e);
        } finally {
            if (!prepared) {
                stay(spaces);
            }
        }
        change(memories, spaces);
    }

    /** Gives up what was prepared. Why the move failed is known, and is what is told. */
    private void stay(List<AddressSpace> spaces) {
        spaces.forEach(space -> withoutFailing("an unused address space", space::close));
        // A task that ends instead gives its own up when it does.
        withoutFailing(
                "unused contexts", () -> kernel.world().perform(task -> task.context().stay()));
    }

    /**
     * Goes on with what was prepared. There is no way back once the first task has changed: what
     * fails now fails for its task or process alone, which shows when that runs.
     */
    private void change(List<MemoryManager> memories, List<AddressSpace> spaces) {
        withoutFailing(
                "contexts of before",
                () -> kernel.world().perform(task -> task.context().change()));
        for (int i = 0; i < memories.size(); i++) {
            withoutFailing("an address space of before", memories.get(i)::giveUpAddressSpace);
            memories.get(i).takeAddressSpace(spaces.get(i));
        }
        kernel.setPlatform(next);
    }

    private static void withoutFailing(String what, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            log.warn("{}: {}", what, e.getMessage(), e);
        }
    }

    private List<MemoryManager> memories() {
        Set<MemoryManager> memories = Collections.newSetFromMap(new IdentityHashMap<>());
        kernel.tasks().forEach(task -> memories.add(task.memory()));
        return List.copyOf(memories);
    }

    /** What programs were shown may not be taken from them. */
    private void requireSuitable() {
        PlatformCapabilities shown = kernel.capabilities();
        PlatformCapabilities offered = next.capabilities();
        require(
                offered.userAddresses().contains(shown.userAddresses()),
                "it maps " + offered.userAddresses() + " and not " + shown.userAddresses());
        require(
                offered.mapUnit() <= shown.mapUnit(),
                "it maps memory by " + offered.mapUnit() + " bytes");
        require(
                offered.features().containsAll(shown.features()),
                "it has " + offered.features() + " and not all of " + shown.features());
        LackingFeatures.of(offered.cpu(), shown.cpu())
                .ifPresent(lacking ->
                        require(
                                false,
                                "programs were told of CPU features that it lacks: " + lacking));
        int tasks = kernel.tasks().size();
        require(
                tasks <= offered.maxContexts(),
                "it can run %d tasks, and there are %d".formatted(offered.maxContexts(), tasks));
    }

    private static void require(boolean suitable, String why) {
        if (!suitable) {
            throw new SandboxException(
                    ErrorCode.PLATFORM_UNSUITABLE,
                    "the other platform cannot take over: " + why,
                    "stay on this one, or start the program on the other");
        }
    }
}
