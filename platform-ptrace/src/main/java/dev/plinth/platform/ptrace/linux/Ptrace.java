package dev.plinth.platform.ptrace.linux;

/** Mirrors {@code linux/ptrace.h} and {@code asm/ptrace-abi.h}. */
public final class Ptrace {
    public static final int PTRACE_PEEKTEXT = 1;
    public static final int PTRACE_CONT = 7;
    public static final int PTRACE_GETREGS = 12;
    public static final int PTRACE_SETREGS = 13;
    public static final int PTRACE_DETACH = 17;

    /** Resumes; the next system call is reported and not made. */
    public static final int PTRACE_SYSEMU = 31;

    public static final int PTRACE_GETSIGINFO = 0x4202;
    public static final int PTRACE_GETREGSET = 0x4204;
    public static final int PTRACE_SETREGSET = 0x4205;
    public static final int PTRACE_SEIZE = 0x4206;
    public static final int PTRACE_INTERRUPT = 0x4207;
    public static final int PTRACE_GET_SYSCALL_INFO = 0x420e;

    /** System call stops are reported as signal {@code SIGTRAP | 0x80}. */
    public static final long PTRACE_O_TRACESYSGOOD = 1;

    /** The tracee is killed when the tracing <em>thread</em> ends. */
    public static final long PTRACE_O_EXITKILL = 1L << 20;

    /** {@code linux/elf.h}: the general registers, as {@code struct user_regs_struct}. */
    public static final int NT_PRSTATUS = 1;

    /** {@code linux/elf.h}: the vector state, as an XSAVE area in standard format. */
    public static final int NT_X86_XSTATE = 0x202;

    /** Offset of {@code arch} in {@code struct ptrace_syscall_info}. */
    public static final int SYSCALL_INFO_ARCH = 4;

    /** More than the size of {@code struct ptrace_syscall_info}. */
    public static final int SYSCALL_INFO_BYTES = 128;

    private Ptrace() {}
}
