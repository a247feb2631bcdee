package dev.plinth.kernel.cred;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.proto.CredentialsState;

import java.util.List;

/**
 * Who a task acts as; see credentials(7).
 *
 * @param uids user ids
 * @param gids group ids
 * @param groups the supplementary groups
 * @param capabilities the capability sets
 * @param secureBits flags of {@link SecureBits}
 */
public record Credentials(
        Ids uids, Ids gids, List<Integer> groups, CapabilitySets capabilities, int secureBits) {
    /** {@code NGROUPS_MAX} of linux/limits.h. */
    private static final int MAX_GROUPS = 65536;

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
                uid == 0 ? CapabilitySets.FULL : CapabilitySets.NONE,
                0);
    }

    /** Credentials that were saved. */
    public static Credentials restore(CredentialsState state) {
        if (state.getGroupsCount() > MAX_GROUPS) {
            throw new IllegalArgumentException(state.getGroupsCount() + " groups");
        }
        return new Credentials(
                Ids.restore(state.getUids()),
                Ids.restore(state.getGids()),
                state.getGroupsList(),
                new CapabilitySets(
                        state.getPermitted(),
                        state.getEffective(),
                        state.getInheritable(),
                        state.getBounding(),
                        state.getAmbient()),
                state.getSecureBits());
    }

    /** What is saved of them. */
    public CredentialsState save() {
        return CredentialsState.newBuilder()
                .setUids(uids.save())
                .setGids(gids.save())
                .addAllGroups(groups)
                .setPermitted(capabilities.permitted())
                .setEffective(capabilities.effective())
                .setInheritable(capabilities.inheritable())
                .setBounding(capabilities.bounding())
                .setAmbient(capabilities.ambient())
                .setSecureBits(secureBits)
                .build();
    }

    /** Whether a capability is effective. */
    public boolean has(Capability capability) {
        return (capabilities.effective() & capability.mask()) != 0;
    }

    /** Whether a flag of {@link SecureBits} is set. */
    public boolean isSecure(int flag) {
        return (secureBits & flag) != 0;
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
        Credentials real =
                withUids(uids.withFileSystem(uids.real()))
                        .withGids(gids.withFileSystem(gids.real()));
        if (isSecure(SecureBits.NO_SETUID_FIXUP)) {
            return real;
        }
        return real.withCapabilities(
                capabilities.withEffective(uids.real() == 0 ? capabilities.permitted() : 0));
    }

    /** Whether a task that had the old credentials acts as someone else now, or may do more. */
    public boolean gainsOver(Credentials old) {
        return uids.effective() != old.uids.effective()
                || gids.effective() != old.gids.effective()
                || uids.fileSystem() != old.uids.fileSystem()
                || gids.fileSystem() != old.gids.fileSystem()
                || !CapabilitySets.isSubset(capabilities.permitted(), old.capabilities.permitted());
    }

    /** These credentials with other user ids. */
    Credentials withUids(Ids ids) {
        return new Credentials(ids, gids, groups, capabilities, secureBits);
    }

    /** These credentials with other group ids. */
    Credentials withGids(Ids ids) {
        return new Credentials(uids, ids, groups, capabilities, secureBits);
    }

    /** These credentials with other supplementary groups. */
    Credentials withGroups(List<Integer> list) {
        return new Credentials(uids, gids, list, capabilities, secureBits);
    }

    /** These credentials with other capability sets. */
    Credentials withCapabilities(CapabilitySets sets) {
        return new Credentials(uids, gids, groups, sets, secureBits);
    }

    /** These credentials with other flags of {@link SecureBits}. */
    Credentials withSecureBits(int bits) {
        return new Credentials(uids, gids, groups, capabilities, bits);
    }
}
