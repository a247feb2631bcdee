package dev.plinth.api.memory;

/**
 * A set of kinds of access to memory: what a mapping allows, or what an instruction attempted.
 *
 * <p>The constants stand in the order of the {@code PROT_*} bits of mmap(2), so that {@link
 * #prot()} is their ordinal.
 */
public enum AccessType {
    NONE,
    READ,
    WRITE,
    READ_WRITE,
    EXECUTE,
    READ_EXECUTE,
    WRITE_EXECUTE,
    READ_WRITE_EXECUTE;

    /** {@code PROT_READ} of mmap(2). */
    public static final int PROT_READ = 1;

    /** {@code PROT_WRITE} of mmap(2). */
    public static final int PROT_WRITE = 2;

    /** {@code PROT_EXEC} of mmap(2). */
    public static final int PROT_EXEC = 4;

    private static final int PROT_MASK = PROT_READ | PROT_WRITE | PROT_EXEC;

    private static final AccessType[] BY_PROT = values();

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
        return ordinal();
    }

    /** Whether reading is in this set. */
    public boolean canRead() {
        return (ordinal() & PROT_READ) != 0;
    }

    /** Whether writing is in this set. */
    public boolean canWrite() {
        return (ordinal() & PROT_WRITE) != 0;
    }

    /** Whether executing is in this set. */
    public boolean canExecute() {
        return (ordinal() & PROT_EXEC) != 0;
    }

    /** Whether every kind of access in {@code other} is in this set too. */
    public boolean covers(AccessType other) {
        return (other.ordinal() & ~ordinal()) == 0;
    }

    /** The kinds of access that are in both sets. */
    public AccessType intersect(AccessType other) {
        return BY_PROT[ordinal() & other.ordinal()];
    }

    /** The kinds of access that are in either set. */
    public AccessType union(AccessType other) {
        return BY_PROT[ordinal() | other.ordinal()];
    }

    /** This set without writing. */
    public AccessType withoutWrite() {
        return BY_PROT[ordinal() & ~PROT_WRITE];
    }

    /** Three characters as in /proc/[pid]/maps, such as {@code r-x}. */
    public String symbols() {
        return (canRead() ? "r" : "-") + (canWrite() ? "w" : "-") + (canExecute() ? "x" : "-");
    }
}
