package dev.plinth.kernel.cred;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

/**
 * What a task may make of its own capabilities: {@code cap_capset} and {@code cap_task_prctl} of
 * security/commoncap.c.
 *
 * <p>Each method gives the new credentials, or fails with what the call fails with.
 */
public final class CapabilityChanges {
    private CapabilityChanges() {}

    /** As capset(2). Bits that stand for no capability are passed over. */
    public static Credentials set(
            Credentials old, long effective, long permitted, long inheritable) {
        CapabilitySets sets = old.capabilities();
        long newEffective = effective & Capability.ALL;
        long newPermitted = permitted & Capability.ALL;
        long newInheritable = inheritable & Capability.ALL;
        boolean inheritsOwn =
                CapabilitySets.isSubset(newInheritable, sets.inheritable() | sets.permitted());
        boolean inheritsBounded =
                CapabilitySets.isSubset(newInheritable, sets.inheritable() | sets.bounding());
        if ((!inheritsOwn && !old.has(Capability.SETPCAP))
                || !inheritsBounded
                || !CapabilitySets.isSubset(newPermitted, sets.permitted())
                || !CapabilitySets.isSubset(newEffective, newPermitted)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return old.withCapabilities(
                new CapabilitySets(
                        newPermitted,
                        newEffective,
                        newInheritable,
                        sets.bounding(),
                        sets.ambient() & newPermitted & newInheritable));
    }

    /** Takes a capability out of the bounding set, as PR_CAPBSET_DROP. */
    public static Credentials dropFromBounding(Credentials old, long number) {
        if (!old.has(Capability.SETPCAP)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        CapabilitySets sets = old.capabilities();
        return old.withCapabilities(sets.withBounding(sets.bounding() & ~maskOf(number)));
    }

    /** Adds an ambient capability, as PR_CAP_AMBIENT_RAISE. */
    public static Credentials raiseAmbient(Credentials old, long number) {
        CapabilitySets sets = old.capabilities();
        long mask = maskOf(number);
        if ((sets.permitted() & sets.inheritable() & mask) == 0
                || old.isSecure(SecureBits.NO_CAP_AMBIENT_RAISE)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return old.withCapabilities(sets.withAmbient(sets.ambient() | mask));
    }

    /** Takes an ambient capability away, as PR_CAP_AMBIENT_LOWER. */
    public static Credentials lowerAmbient(Credentials old, long number) {
        CapabilitySets sets = old.capabilities();
        return old.withCapabilities(sets.withAmbient(sets.ambient() & ~maskOf(number)));
    }

    /** Takes all ambient capabilities away, as PR_CAP_AMBIENT_CLEAR_ALL. */
    public static Credentials clearAmbient(Credentials old) {
        return old.withCapabilities(old.capabilities().withAmbient(0));
    }

    /** As PR_SET_KEEPCAPS. */
    public static Credentials setKeepCapabilities(Credentials old, boolean keep) {
        if (old.isSecure(SecureBits.KEEP_CAPS_LOCKED)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        int others = old.secureBits() & ~SecureBits.KEEP_CAPS;
        return old.withSecureBits(keep ? others | SecureBits.KEEP_CAPS : others);
    }

    /** As PR_SET_SECUREBITS. */
    public static Credentials setSecureBits(Credentials old, long bits) {
        long changed = old.secureBits() ^ bits;
        int locks = old.secureBits() & SecureBits.ALL_LOCKS;
        boolean changesLocked = ((locks >> 1) & changed) != 0;
        boolean unlocks = (locks & ~bits) != 0;
        boolean unknown = (bits & ~(SecureBits.ALL_LOCKS | SecureBits.ALL_BITS)) != 0;
        if (changesLocked || unlocks || unknown) {
            throw ErrnoException.of(Errno.EPERM);
        }
        boolean privileged = changed == 0 || (changed & ~SecureBits.UNPRIVILEGED_AND_LOCKS) != 0;
        if (privileged && !old.has(Capability.SETPCAP)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return old.withSecureBits((int) bits);
    }

    /**
     * The mask of a capability.
     *
     * @throws ErrnoException EINVAL if there is none of this number
     */
    public static long maskOf(long number) {
        if (number < 0 || number >= Capability.values().length) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return 1L << number;
    }
}
