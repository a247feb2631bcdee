package dev.plinth.kernel.signal;

import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * {@code struct rt_sigframe} of x86-64: what stands on the stack while a handler runs.
 *
 * <p>Mirrors arch/x86/include/asm/sigframe.h and uapi/asm/sigcontext.h. The layout: return address
 * (8 bytes), {@code ucontext} (304), {@code siginfo} (128); the vector state stands above it,
 * aligned to 64 bytes.
 */
@NotSaved("of one delivery")
public final class SignalFrame {
    /** The size of the frame without the vector state. */
    public static final int BYTES = 440;

    /** What programs may keep below the stack pointer, and handlers must not overwrite. */
    public static final int RED_ZONE_BYTES = 128;

    private static final int UCONTEXT = 8;
    private static final int UC_FLAGS = UCONTEXT;
    private static final int UC_STACK = UCONTEXT + 16;
    private static final int MCONTEXT = UCONTEXT + 40;
    private static final int UC_SIGMASK = MCONTEXT + 256;
    private static final int SIGINFO = UCONTEXT + 304;

    private static final int SC_ERROR = MCONTEXT + 152;
    private static final int SC_TRAP_NUMBER = MCONTEXT + 160;
    private static final int SC_OLD_MASK = MCONTEXT + 168;
    private static final int SC_CR2 = MCONTEXT + 176;
    private static final int SC_VECTOR_STATE = MCONTEXT + 184;
    private static final int SC_SELECTORS = MCONTEXT + 144;

    /** The state behind {@code fpstate} is an XSAVE area with a second magic number at its end. */
    private static final long UC_FP_XSTATE = 1;

    /** The frame holds ss, and it is restored as it stands there. */
    private static final long UC_SIGCONTEXT_SS = 2;

    private static final long UC_STRICT_RESTORE_SS = 4;

    /** cs 0x33, gs 0, fs 0, ss 0x2b: the selectors of a 64-bit program. */
    private static final long SELECTORS = 0x002b_0000_0000_0033L;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemorySegment memory;

    /**
     * A frame in the kernel's own memory.
     *
     * @param memory of {@value #BYTES} bytes
     */
    public SignalFrame(MemorySegment memory) {
        this.memory = memory.asSlice(0, BYTES);
    }

    /** The frame's bytes. */
    public MemorySegment memory() {
        return memory;
    }

    /**
     * Fills the frame in.
     *
     * @param info that the handler is told
     * @param action of the signal
     * @param registers of the program when the signal came
     * @param mask of blocked signals to restore
     * @param stack the alternate stack to restore
     * @param vectorState address of the saved vector state; zero if there is none
     * @param details of the exception, if one raised the signal
     */
    public void fill(
            SignalInfo info,
            SignalAction action,
            Registers registers,
            long mask,
            AlternateStack stack,
            long vectorState,
            FaultDetails details) {
        memory.fill((byte) 0);
        memory.set(LONG, 0, action.restorer());
        memory.set(
                LONG,
                UC_FLAGS,
                UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS | (vectorState != 0 ? UC_FP_XSTATE : 0));
        stack.writeTo(memory.asSlice(UC_STACK, AlternateStack.BYTES), registers.rsp());
        long[] values = {
            registers.r8(), registers.r9(), registers.r10(), registers.r11(),
            registers.r12(), registers.r13(), registers.r14(), registers.r15(),
            registers.rdi(), registers.rsi(), registers.rbp(), registers.rbx(),
            registers.rdx(), registers.rax(), registers.rcx(), registers.rsp(),
            registers.rip(), registers.eflags(),
        };
        for (int i = 0; i < values.length; i++) {
            memory.set(LONG, MCONTEXT + i * 8L, values[i]);
        }
        memory.set(LONG, SC_SELECTORS, SELECTORS);
        memory.set(LONG, SC_ERROR, details.error());
        memory.set(LONG, SC_TRAP_NUMBER, details.trapNumber());
        memory.set(LONG, SC_OLD_MASK, mask);
        memory.set(LONG, SC_CR2, details.address());
        memory.set(LONG, SC_VECTOR_STATE, vectorState);
        memory.set(LONG, UC_SIGMASK, mask);
        info.writeTo(memory.asSlice(SIGINFO, SignalInfo.BYTES));
    }

    /** Puts the general registers that stand in the frame into a program's registers. */
    public void restore(Registers registers) {
        registers.setR8(at(0));
        registers.setR9(at(1));
        registers.setR10(at(2));
        registers.setR11(at(3));
        registers.setR12(at(4));
        registers.setR13(at(5));
        registers.setR14(at(6));
        registers.setR15(at(7));
        registers.setRdi(at(8));
        registers.setRsi(at(9));
        registers.setRbp(at(10));
        registers.setRbx(at(11));
        registers.setRdx(at(12));
        registers.setRax(at(13));
        registers.setRcx(at(14));
        registers.setRsp(at(15));
        registers.setRip(at(16));
        registers.setEflags(UserFlags.sanitize(registers.eflags(), at(17)));
    }

    /** The blocked signals to restore. */
    public long mask() {
        return memory.get(LONG, UC_SIGMASK) & ~SignalSet.UNBLOCKABLE;
    }

    /** The alternate stack to restore. */
    public AlternateStack stack() {
        return AlternateStack.readFrom(memory.asSlice(UC_STACK, AlternateStack.BYTES));
    }

    /** The address of the vector state to restore; zero if there is none. */
    public long vectorState() {
        return memory.get(LONG, SC_VECTOR_STATE);
    }

    /** Where {@code siginfo} stands, from the frame's start. */
    public static long siginfoOffset() {
        return SIGINFO;
    }

    /** Where {@code ucontext} stands, from the frame's start. */
    public static long ucontextOffset() {
        return UCONTEXT;
    }

    private long at(int index) {
        return memory.get(LONG, MCONTEXT + index * 8L);
    }
}
