package dev.plinth.api.memory;

/**
 * A set of kinds of access to memory: what a mapping allows, or what an instruction attempted.
 *
 * <p>The constants stand in the order of their {@code PROT_*} masks of mmap(2).
 */
public enum AccessType {
    NONE(0),
    READ(1),
    WRITE(2),
    READ_WRITE(3),
    EXECUTE(4),
    READ_EXECUTE(5),
    WRITE_EXECUTE(6),
    READ_WRITE_EXECUTE(7);

    /** {@code PROT_READ} of mmap(2). */
    public static final int PROT_READ = 1;

    /** {@code PROT_WRITE} of mmap(2). */
    public static final int PROT_WRITE = 2;

    /** {@code PROT_EXEC} of mmap(2). */
    public static final int PROT_EXEC = 4;

    private static final int PROT_MASK = PROT_READ | PROT_WRITE | PROT_EXEC;

    private static final AccessType[] BY_PROT = values();

    private final int prot;

    AccessType(int prot) {
        this.prot = prot;
    }

    /**
     * The access that a {@code PROT_*} mask of mmap(2) allows.
     *
     * @throws IllegalArgumentException if other bits are set
     */
    public static AccessType ofProt(int prot) {
        if ((prot & ~PROT_MASK) != 0) {
            throw new IllegalArgumentException("not a PROT_* mask: 0x" + Integer.toHexString(prot));
        }
        return BY_PROT[prot];
    }

    /** The access with the given kinds. */
    public static AccessType of(boolean read, boolean write, boolean execute) {
        return BY_PROT[
                (read ? PROT_READ : 0) | (write ? PROT_WRITE : 0) | (execute ? PROT_EXEC : 0)];
    }

    /** The {@code PROT_*} mask of mmap(2). */
    public int prot() {
        return prot;
    }

    /** Whether reading is in this set. */
    public boolean canRead() {
        return (prot & PROT_READ) != 0;
    }

    /** Whether writing is in this set. */
    public boolean canWrite() {
        return (prot & PROT_WRITE) != 0;
    }

    /** Whether executing is in this set. */
    public boolean canExecute() {
        return (prot & PROT_EXEC) != 0;
    }

    /** Whether every kind of access in {@code other} is in this set too. */
    public boolean covers(AccessType other) {
        return (other.prot & ~prot) == 0;
    }

    /** The kinds of access that are in both sets. */
    public AccessType intersect(AccessType other) {
        return BY_PROT[prot & other.prot];
    }

    /** The kinds of access that are in either set. */
    public AccessType union(AccessType other) {
        return BY_PROT[prot | other.prot];
    }

    /** This set without writing. */
    public AccessType withoutWrite() {
        return BY_PROT[prot & ~PROT_WRITE];
    }

    /** Three characters as in /proc/[pid]/maps, such as {@code r-x}. */
    public String symbols() {
        return (canRead() ? "r" : "-") + (canWrite() ? "w" : "-") + (canExecute() ? "x" : "-");
    }
}
