package dev.plinth.platform.ptrace.linux;

/** Mirrors {@code linux/seccomp.h}, {@code linux/filter.h} and {@code linux/audit.h}. */
public final class Seccomp {
    public static final int SECCOMP_SET_MODE_FILTER = 1;

    /** Leaves speculation as it is: the guest is alone in its process. */
    public static final int SECCOMP_FILTER_FLAG_SPEC_ALLOW = 4;

    public static final int SECCOMP_RET_KILL_PROCESS = 0x80000000;
    public static final int SECCOMP_RET_TRAP = 0x00030000;
    public static final int SECCOMP_RET_ALLOW = 0x7fff0000;

    /** Offsets in {@code struct seccomp_data}. */
    public static final int DATA_NR = 0;

    public static final int DATA_ARCH = 4;
    public static final int DATA_ARGS = 16;

    /** {@code BPF_LD | BPF_W | BPF_ABS}. */
    public static final int BPF_LOAD = 0x20;

    /** {@code BPF_JMP | BPF_JEQ | BPF_K}. */
    public static final int BPF_JUMP_IF_EQUAL = 0x15;

    /** {@code BPF_JMP | BPF_JGE | BPF_K}, unsigned. */
    public static final int BPF_JUMP_IF_NOT_BELOW = 0x35;

    /** {@code BPF_RET | BPF_K}. */
    public static final int BPF_RETURN = 0x06;

    public static final int AUDIT_ARCH_X86_64 = 0xc000003e;
    public static final int AUDIT_ARCH_I386 = 0x40000003;

    private Seccomp() {}
}
