package dev.plinth.kernel.cred;

import static dev.plinth.kernel.cred.Ids.NONE;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.List;

/**
 * What a task may make of its own users and groups: kernel/sys.c, kernel/groups.c, and {@code
 * cap_task_fix_setuid} of security/commoncap.c for what that does to the capabilities.
 *
 * <p>Each method gives the new credentials, or fails with what the call fails with.
 */
public final class IdentityChanges {
    /** NGROUPS_MAX. */
    public static final int MAX_GROUPS = 65536;

    /** The capabilities that go with the user id for files: {@code CAP_FS_SET}. */
    private static final long FILE_CAPABILITIES =
            Capability.CHOWN.mask()
                    | Capability.DAC_OVERRIDE.mask()
                    | Capability.DAC_READ_SEARCH.mask()
                    | Capability.FOWNER.mask()
                    | Capability.FSETID.mask()
                    | Capability.LINUX_IMMUTABLE.mask()
                    | Capability.MKNOD.mask()
                    | Capability.MAC_OVERRIDE.mask();

    private IdentityChanges() {}

    /** As setuid(2). */
    public static Credentials setUid(Credentials old, int uid) {
        requireValid(uid);
        Ids ids = old.uids();
        if (old.has(Capability.SETUID)) {
            return fixed(old, Ids.all(uid));
        }
        if (uid != ids.real() && uid != ids.saved()) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return fixed(old, ids.withEffective(uid));
    }

    /** As setgid(2). */
    public static Credentials setGid(Credentials old, int gid) {
        requireValid(gid);
        Ids ids = old.gids();
        if (old.has(Capability.SETGID)) {
            return old.withGids(Ids.all(gid));
        }
        if (gid != ids.real() && gid != ids.saved()) {
            throw ErrnoException.of(Errno.EPERM);
        }
        return old.withGids(ids.withEffective(gid));
    }

    /** As setreuid(2). */
    public static Credentials setRealUid(Credentials old, int real, int effective) {
        return fixed(
                old, withRealAndEffective(old.uids(), real, effective, old.has(Capability.SETUID)));
    }

    /** As setregid(2). */
    public static Credentials setRealGid(Credentials old, int real, int effective) {
        return old.withGids(
                withRealAndEffective(old.gids(), real, effective, old.has(Capability.SETGID)));
    }

    private static Ids withRealAndEffective(Ids old, int real, int effective, boolean privileged) {
        boolean mayReal = real == NONE || real == old.real() || real == old.effective();
        boolean mayEffective = effective == NONE || old.includes(effective);
        if (!privileged && !(mayReal && mayEffective)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        int newReal = real == NONE ? old.real() : real;
        int newEffective = effective == NONE ? old.effective() : effective;
        boolean saves = real != NONE || (effective != NONE && effective != old.real());
        return new Ids(newReal, newEffective, saves ? newEffective : old.saved(), newEffective);
    }

    /** As setresuid(2). */
    public static Credentials setUids(Credentials old, int real, int effective, int saved) {
        return fixed(old, withAll(old.uids(), real, effective, saved, old.has(Capability.SETUID)));
    }

    /** As setresgid(2). */
    public static Credentials setGids(Credentials old, int real, int effective, int saved) {
        return old.withGids(
                withAll(old.gids(), real, effective, saved, old.has(Capability.SETGID)));
    }

    private static Ids withAll(Ids old, int real, int effective, int saved, boolean privileged) {
        for (int id : new int[] {real, effective, saved}) {
            if (id != NONE && !old.includes(id) && !privileged) {
                throw ErrnoException.of(Errno.EPERM);
            }
        }
        int newEffective = effective == NONE ? old.effective() : effective;
        return new Ids(
                real == NONE ? old.real() : real,
                newEffective,
                saved == NONE ? old.saved() : saved,
                newEffective);
    }

    /** As setfsuid(2), which has no errors: what may not be is left as it was. */
    public static Credentials setFileUid(Credentials old, int uid) {
        if (!mayForFiles(old.uids(), uid, old.has(Capability.SETUID))) {
            return old;
        }
        Credentials changed = old.withUids(old.uids().withFileSystem(uid));
        if (old.isSecure(SecureBits.NO_SETUID_FIXUP)) {
            return changed;
        }
        CapabilitySets sets = old.capabilities();
        boolean wasRoot = old.uids().fileSystem() == 0;
        if (wasRoot && uid != 0) {
            return changed.withCapabilities(
                    sets.withEffective(sets.effective() & ~FILE_CAPABILITIES));
        }
        if (!wasRoot && uid == 0) {
            return changed.withCapabilities(
                    sets.withEffective(sets.effective() | (sets.permitted() & FILE_CAPABILITIES)));
        }
        return changed;
    }

    /** As setfsgid(2), which has no errors: what may not be is left as it was. */
    public static Credentials setFileGid(Credentials old, int gid) {
        return mayForFiles(old.gids(), gid, old.has(Capability.SETGID))
                ? old.withGids(old.gids().withFileSystem(gid))
                : old;
    }

    private static boolean mayForFiles(Ids ids, int id, boolean privileged) {
        return id != NONE && (privileged || id == ids.fileSystem() || ids.includes(id));
    }

    /**
     * Refuses to set the supplementary groups: comes before anything is read of them.
     *
     * @param count how many there are to be, unsigned
     */
    public static void requireMaySetGroups(Credentials old, int count) {
        if (!old.has(Capability.SETGID)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (Integer.compareUnsigned(count, MAX_GROUPS) > 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** As setgroups(2), which keeps them sorted. */
    public static Credentials setGroups(Credentials old, List<Integer> groups) {
        requireMaySetGroups(old, groups.size());
        groups.forEach(IdentityChanges::requireValid);
        return old.withGroups(groups.stream().sorted(Integer::compareUnsigned).toList());
    }

    private static void requireValid(int id) {
        if (id == NONE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }

    /** Other user ids, with the capabilities that go with them: {@code cap_emulate_setxuid}. */
    private static Credentials fixed(Credentials old, Ids uids) {
        Credentials changed = old.withUids(uids);
        if (old.isSecure(SecureBits.NO_SETUID_FIXUP)) {
            return changed;
        }
        CapabilitySets sets = old.capabilities();
        if (old.uids().includes(0) && !uids.includes(0)) {
            if (!old.isSecure(SecureBits.KEEP_CAPS)) {
                sets = sets.withPermitted(0).withEffective(0);
            }
            sets = sets.withAmbient(0);
        }
        if (old.uids().effective() == 0 && uids.effective() != 0) {
            sets = sets.withEffective(0);
        } else if (old.uids().effective() != 0 && uids.effective() == 0) {
            sets = sets.withEffective(sets.permitted());
        }
        return changed.withCapabilities(sets);
    }
}
