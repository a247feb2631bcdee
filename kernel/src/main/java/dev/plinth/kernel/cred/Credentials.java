package dev.plinth.kernel.cred;

import static java.util.Objects.requireNonNull;

import java.util.List;

/**
 * Who a task acts as; see credentials(7).
 *
 * @param uids user ids
 * @param gids group ids
 * @param groups the supplementary groups
 * @param capabilities the capability sets
 */
public record Credentials(Ids uids, Ids gids, List<Integer> groups, CapabilitySets capabilities) {
    public Credentials {
        requireNonNull(uids, "uids is null");
        requireNonNull(gids, "gids is null");
        groups = List.copyOf(groups);
        requireNonNull(capabilities, "capabilities is null");
    }

    /** What a user's first process acts as: root has all capabilities, others have none. */
    public static Credentials ofUser(int uid, int gid, List<Integer> groups) {
        return new Credentials(
                Ids.all(uid),
                Ids.all(gid),
                groups,
                uid == 0 ? CapabilitySets.FULL : CapabilitySets.NONE);
    }

    /** Whether a capability is effective. */
    public boolean has(Capability capability) {
        return (capabilities.effective() & capability.mask()) != 0;
    }

    /** Whether the group is the one for files, or a supplementary one. */
    public boolean isInGroup(int gid) {
        return gids.fileSystem() == gid || groups.contains(gid);
    }

    /**
     * These credentials as access(2) uses them: files are checked for the real user, with root's
     * capabilities only if that is root.
     */
    public Credentials forAccessCheck() {
        long effective = uids.real() == 0 ? capabilities.permitted() : 0;
        return new Credentials(
                uids.withFileSystem(uids.real()),
                gids.withFileSystem(gids.real()),
                groups,
                new CapabilitySets(
                        capabilities.permitted(),
                        effective,
                        capabilities.inheritable(),
                        capabilities.bounding(),
                        capabilities.ambient()));
    }
}
