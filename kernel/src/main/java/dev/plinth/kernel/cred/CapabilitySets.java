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
}
