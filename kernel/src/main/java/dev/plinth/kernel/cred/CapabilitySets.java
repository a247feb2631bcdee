package dev.plinth.kernel.cred;

/**
 * The capability sets of a task, as masks; see capabilities(7).
 *
 * @param permitted what may become effective
 * @param effective what checks look at
 * @param inheritable what execve(2) may keep
 * @param bounding what execve(2) may grant at most
 * @param ambient what execve(2) keeps for programs without capabilities of their own
 */
public record CapabilitySets(
        long permitted, long effective, long inheritable, long bounding, long ambient) {
    /** What root has. */
    public static final CapabilitySets FULL =
            new CapabilitySets(Capability.ALL, Capability.ALL, 0, Capability.ALL, 0);

    /** What an ordinary user has. */
    public static final CapabilitySets NONE = new CapabilitySets(0, 0, 0, Capability.ALL, 0);

    /** These sets with other permitted capabilities. */
    public CapabilitySets withPermitted(long set) {
        return new CapabilitySets(set, effective, inheritable, bounding, ambient);
    }

    /** These sets with other effective capabilities. */
    public CapabilitySets withEffective(long set) {
        return new CapabilitySets(permitted, set, inheritable, bounding, ambient);
    }

    /** These sets with another bounding set. */
    public CapabilitySets withBounding(long set) {
        return new CapabilitySets(permitted, effective, inheritable, set, ambient);
    }

    /** These sets with other ambient capabilities. */
    public CapabilitySets withAmbient(long set) {
        return new CapabilitySets(permitted, effective, inheritable, bounding, set);
    }

    /** Whether every capability of one set is in another. */
    static boolean isSubset(long set, long of) {
        return (set & ~of) == 0;
    }
}
