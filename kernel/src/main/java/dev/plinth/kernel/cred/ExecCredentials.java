package dev.plinth.kernel.cred;

import static java.util.Objects.requireNonNull;

import java.util.Optional;

/**
 * Who a task acts as when it has executed a program: {@code cap_bprm_creds_from_file} of
 * security/commoncap.c, without capabilities of files.
 *
 * @param credentials the new ones
 * @param secure AT_SECURE: whether the program is to distrust its environment
 */
public record ExecCredentials(Credentials credentials, boolean secure) {
    public ExecCredentials {
        requireNonNull(credentials, "credentials is null");
    }

    /**
     * The credentials after execve(2).
     *
     * @param old before
     * @param setUid the owner of the file if it has the set-user-ID bit and its mount lets that
     *     count
     * @param setGid likewise its group
     * @param noNewPrivileges as prctl(2) PR_SET_NO_NEW_PRIVS: the bits do not count
     */
    public static ExecCredentials of(
            Credentials old,
            Optional<Integer> setUid,
            Optional<Integer> setGid,
            boolean noNewPrivileges) {
        Ids uids = old.uids();
        Ids gids = old.gids();
        int effectiveUid = noNewPrivileges ? uids.effective() : setUid.orElse(uids.effective());
        int effectiveGid = noNewPrivileges ? gids.effective() : setGid.orElse(gids.effective());
        boolean setsIds = effectiveUid != uids.real() || effectiveGid != gids.real();
        CapabilitySets sets = old.capabilities();
        boolean rootCounts = !old.isSecure(SecureBits.NO_ROOT);
        boolean effectiveRoot = rootCounts && effectiveUid == 0;
        long permitted =
                effectiveRoot || (rootCounts && uids.real() == 0)
                        ? sets.bounding() | sets.inheritable()
                        : 0;
        boolean gains = !CapabilitySets.isSubset(permitted, sets.permitted());
        if (noNewPrivileges && (setsIds || gains)) {
            effectiveUid = uids.real();
            effectiveGid = gids.real();
            permitted &= sets.permitted();
        }
        long ambient = setsIds ? 0 : sets.ambient();
        permitted |= ambient;
        CapabilitySets after =
                new CapabilitySets(
                        permitted,
                        effectiveRoot ? permitted : ambient,
                        sets.inheritable(),
                        sets.bounding(),
                        ambient);
        boolean secure =
                setsIds
                        || (uids.real() != 0
                                && (effectiveRoot || !CapabilitySets.isSubset(permitted, ambient)));
        Credentials credentials =
                new Credentials(
                        new Ids(uids.real(), effectiveUid, effectiveUid, effectiveUid),
                        new Ids(gids.real(), effectiveGid, effectiveGid, effectiveGid),
                        old.groups(),
                        after,
                        old.secureBits() & ~SecureBits.KEEP_CAPS);
        return new ExecCredentials(credentials, secure);
    }
}
