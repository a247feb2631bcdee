package dev.plinth.kernel.checkpoint;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.image.SharedDirectory;
import dev.plinth.kernel.task.LackingFeatures;

import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What an image needs of those who restore it: checked before anything is made of it, so that what
 * is missing is named, and nothing comes to harm.
 */
public final class Requirements {
    private final Inventory inventory;

    /** Those of an image. */
    public Requirements(Inventory inventory) {
        this.inventory = requireNonNull(inventory, "inventory is null");
    }

    /**
     * Checks the descriptors.
     *
     * @param given whether there is one for a role
     * @throws SandboxException IMAGE_ROLE_MISSING, with the first that is missing
     */
    public void checkRoles(Predicate<FdRole> given) {
        List<FdRole> missing = inventory.roles().stream().filter(given.negate()).toList();
        if (!missing.isEmpty()) {
            String name = missing.getFirst().name();
            throw new SandboxException(
                    ErrorCode.IMAGE_ROLE_MISSING,
                    "the sandbox has %s open, which is closed here".formatted(name),
                    "give it something, if only /dev/null");
        }
    }

    /**
     * Checks the directories of the host: none is given that the sandbox does not have like this,
     * and every one that it changes is given.
     *
     * @param given with the paths where they are
     * @throws SandboxException MOUNT_UNUSABLE or IMAGE_MOUNT_MISSING, with the first
     */
    public void checkDirectories(List<SharedDirectory> given) {
        for (SharedDirectory directory : given) {
            if (!inventory.directories().contains(directory)) {
                throw new SandboxException(
                        ErrorCode.MOUNT_UNUSABLE,
                        "the sandbox has no mount %s".formatted(directory.mountOption()),
                        "'plinth image inspect' lists those that it has");
            }
        }
        for (SharedDirectory directory : inventory.directories()) {
            if (directory.writable() && !given.contains(directory)) {
                throw directory.notGiven();
            }
        }
    }

    /**
     * Checks the platform.
     *
     * @param platform its name
     * @throws SandboxException IMAGE_UNSUITABLE, with what it lacks
     */
    public void checkPlatform(String platform, PlatformCapabilities capabilities) {
        Set<String> missing = new TreeSet<>(inventory.features());
        capabilities.features().forEach(feature -> missing.remove(feature.name()));
        if (!missing.isEmpty()) {
            throw unsuitable(
                    "the programs were shown %s, which platform %s does not have"
                            .formatted(String.join(", ", missing), platform),
                    "restore it on another platform, which has that; 'plinth platforms' lists"
                            + " them");
        }
        if (capabilities.mapUnit() > inventory.mapUnit()) {
            throw unsuitable(
                    "the programs map memory by %d bytes, and platform %s by %d"
                            .formatted(inventory.mapUnit(), platform, capabilities.mapUnit()),
                    "restore it on another platform; 'plinth platforms' lists them");
        }
        Optional<String> lacking = LackingFeatures.of(capabilities.cpu(), inventory.cpu());
        if (lacking.isPresent()) {
            throw unsuitable(
                    "the programs were told of CPU features that platform %s does not have here: %s"
                            .formatted(platform, lacking.get()),
                    "restore it on a host with the processor that it was saved on, or a later one");
        }
        if (!inventory.addresses().isEmpty()
                && !capabilities.userAddresses().contains(inventory.addresses())) {
            throw unsuitable(
                    "the programs use addresses %s, of which platform %s has only %s"
                            .formatted(
                                    inventory.addresses(), platform, capabilities.userAddresses()),
                    "restore it on another platform; 'plinth platforms' lists them");
        }
    }

    /**
     * What the programs go on being shown of a platform: what they were shown before, so that they
     * can go back to where they were.
     *
     * @param platform that {@link #checkPlatform} has found to be suitable
     */
    public PlatformCapabilities shownOf(PlatformCapabilities platform) {
        return new PlatformCapabilities(
                platform.userAddresses(),
                inventory.mapUnit(),
                platform.maxContexts(),
                inventory.cpu(),
                inventory.features().stream()
                        .map(PlatformFeature::valueOf)
                        .collect(Collectors.toUnmodifiableSet()));
    }

    /**
     * Checks the number of tasks.
     *
     * @param tasks how many live
     * @throws SandboxException IMAGE_UNSUITABLE if there are too many
     */
    public static void checkTasks(int tasks, String platform, PlatformCapabilities capabilities) {
        if (tasks > capabilities.maxContexts()) {
            throw unsuitable(
                    "the sandbox has %d tasks, and platform %s can have %d"
                            .formatted(tasks, platform, capabilities.maxContexts()),
                    "restore it on another platform; 'plinth platforms' lists them");
        }
    }

    private static SandboxException unsuitable(String message, String remedy) {
        return new SandboxException(ErrorCode.IMAGE_UNSUITABLE, message, remedy);
    }
}
