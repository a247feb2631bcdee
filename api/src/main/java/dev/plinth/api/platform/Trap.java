package dev.plinth.api.platform;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;

/**
 * Why a guest thread stopped executing.
 *
 * <ul>
 *   <li>{@link SystemCall} &ndash; it executed {@code syscall};
 *   <li>{@link Fault} &ndash; it touched memory that is not mapped, or not for this access;
 *   <li>{@link CpuException} &ndash; the processor raised something else;
 *   <li>{@link Interrupted} &ndash; {@link ExecutionContext#interrupt} was called;
 *   <li>{@link UnknownExit} &ndash; the platform cannot say, and the thread cannot go on.
 * </ul>
 */
public sealed interface Trap {
    /** The only {@link SystemCall}. */
    SystemCall SYSTEM_CALL = new SystemCall();

    /** The only {@link Interrupted}. */
    Interrupted INTERRUPTED = new Interrupted();

    /**
     * The guest executed the instruction {@code syscall}.
     *
     * <p>Its number is in {@code origRax}, its arguments in rdi, rsi, rdx, r10, r8 and r9. {@code
     * rip} is behind the instruction, and {@code rcx} and {@code r11} hold rip and the flags, as
     * the processor leaves them. {@code rax} is undefined: the kernel puts the result there.
     */
    record SystemCall() implements Trap {}

    /**
     * The guest touched memory in a way that the mappings do not allow.
     *
     * <p>The registers are those of before the instruction, so that it can be tried again.
     *
     * @param address that was touched: for an access over the border of two pages, the first byte
     *     that could not be. It can be any canonical address, also one that a user cannot map
     * @param access {@link AccessType#READ}, {@link AccessType#WRITE} or {@link
     *     AccessType#EXECUTE}; an instruction that reads, changes and writes one operand attempts a
     *     write
     * @param signal that Linux would raise, SIGSEGV or SIGBUS
     * @param code {@code si_code} that Linux would give it: {@code SEGV_MAPERR} where the address
     *     space has no mapping, {@code SEGV_ACCERR} where it has
     */
    record Fault(long address, AccessType access, Signal signal, int code) implements Trap {
        public Fault {
            requireNonNull(access, "access is null");
            requireNonNull(signal, "signal is null");
        }
    }

    /**
     * The processor raised an exception that is no memory fault: an undefined opcode, a division by
     * zero, a breakpoint, a single step, a general protection fault, and the like.
     *
     * <p>The registers are those of before the instruction; for a breakpoint ({@code int3}) and a
     * single step, of behind it. The instruction {@code int n} for n other than 3 and 4, by which a
     * 32-bit program makes system calls, is a general protection fault.
     *
     * @param signal that Linux would raise
     * @param code {@code si_code} that Linux would give it, see {@link
     *     dev.plinth.api.linux.SignalCode}
     * @param address {@code si_addr} that Linux would give it; zero where it gives none
     */
    record CpuException(Signal signal, int code, long address) implements Trap {
        public CpuException {
            requireNonNull(signal, "signal is null");
        }
    }

    /** {@link ExecutionContext#interrupt} was called. The guest goes on with the same registers. */
    record Interrupted() implements Trap {}

    /**
     * The platform stopped for a reason that it does not know, or lost the guest thread.
     *
     * <p>The registers are undefined and the thread cannot go on; the rest of the sandbox, and
     * other sandboxes, can.
     *
     * @param description what happened, for the log and the user
     * @param code that the platform was given, such as a wait status or an exit reason
     */
    record UnknownExit(String description, long code) implements Trap {
        public UnknownExit {
            requireNonNull(description, "description is null");
        }
    }
}
