package dev.plinth.api.platform;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The general registers of a guest thread.
 *
 * <p>They lie in native memory in the order of {@code struct user_regs_struct} (sys/user.h of
 * x86-64), 27 words of 8 bytes, so that a platform can hand {@link #segment()} to the host as it
 * is. A value is owned by the thread that runs the guest thread, and by nobody else while it runs.
 */
public final class Registers {
    /** The size in bytes. */
    public static final int BYTES = 27 * Long.BYTES;

    private static final long R15 = 0;
    private static final long R14 = 8;
    private static final long R13 = 16;
    private static final long R12 = 24;
    private static final long RBP = 32;
    private static final long RBX = 40;
    private static final long R11 = 48;
    private static final long R10 = 56;
    private static final long R9 = 64;
    private static final long R8 = 72;
    private static final long RAX = 80;
    private static final long RCX = 88;
    private static final long RDX = 96;
    private static final long RSI = 104;
    private static final long RDI = 112;
    private static final long ORIG_RAX = 120;
    private static final long RIP = 128;
    private static final long CS = 136;
    private static final long EFLAGS = 144;
    private static final long RSP = 152;
    private static final long SS = 160;
    private static final long FS_BASE = 168;
    private static final long GS_BASE = 176;
    private static final long DS = 184;
    private static final long ES = 192;
    private static final long FS = 200;
    private static final long GS = 208;

    private final MemorySegment segment = Arena.ofAuto().allocate(BYTES, Long.BYTES);

    /** Makes registers that are all zero. */
    public Registers() {}

    /** The native memory that holds the registers, {@value #BYTES} bytes. */
    public MemorySegment segment() {
        return segment;
    }

    /** Takes over every value of the other registers. */
    public void copyFrom(Registers other) {
        segment.copyFrom(other.segment);
    }

    /** Register r15. */
    public long r15() {
        return segment.get(ValueLayout.JAVA_LONG, R15);
    }

    /** Sets {@link #r15()}. */
    public void setR15(long value) {
        segment.set(ValueLayout.JAVA_LONG, R15, value);
    }

    /** Register r14. */
    public long r14() {
        return segment.get(ValueLayout.JAVA_LONG, R14);
    }

    /** Sets {@link #r14()}. */
    public void setR14(long value) {
        segment.set(ValueLayout.JAVA_LONG, R14, value);
    }

    /** Register r13. */
    public long r13() {
        return segment.get(ValueLayout.JAVA_LONG, R13);
    }

    /** Sets {@link #r13()}. */
    public void setR13(long value) {
        segment.set(ValueLayout.JAVA_LONG, R13, value);
    }

    /** Register r12. */
    public long r12() {
        return segment.get(ValueLayout.JAVA_LONG, R12);
    }

    /** Sets {@link #r12()}. */
    public void setR12(long value) {
        segment.set(ValueLayout.JAVA_LONG, R12, value);
    }

    /** Register rbp. */
    public long rbp() {
        return segment.get(ValueLayout.JAVA_LONG, RBP);
    }

    /** Sets {@link #rbp()}. */
    public void setRbp(long value) {
        segment.set(ValueLayout.JAVA_LONG, RBP, value);
    }

    /** Register rbx. */
    public long rbx() {
        return segment.get(ValueLayout.JAVA_LONG, RBX);
    }

    /** Sets {@link #rbx()}. */
    public void setRbx(long value) {
        segment.set(ValueLayout.JAVA_LONG, RBX, value);
    }

    /** Register r11. */
    public long r11() {
        return segment.get(ValueLayout.JAVA_LONG, R11);
    }

    /** Sets {@link #r11()}. */
    public void setR11(long value) {
        segment.set(ValueLayout.JAVA_LONG, R11, value);
    }

    /** Register r10. */
    public long r10() {
        return segment.get(ValueLayout.JAVA_LONG, R10);
    }

    /** Sets {@link #r10()}. */
    public void setR10(long value) {
        segment.set(ValueLayout.JAVA_LONG, R10, value);
    }

    /** Register r9. */
    public long r9() {
        return segment.get(ValueLayout.JAVA_LONG, R9);
    }

    /** Sets {@link #r9()}. */
    public void setR9(long value) {
        segment.set(ValueLayout.JAVA_LONG, R9, value);
    }

    /** Register r8. */
    public long r8() {
        return segment.get(ValueLayout.JAVA_LONG, R8);
    }

    /** Sets {@link #r8()}. */
    public void setR8(long value) {
        segment.set(ValueLayout.JAVA_LONG, R8, value);
    }

    /** Register rax. */
    public long rax() {
        return segment.get(ValueLayout.JAVA_LONG, RAX);
    }

    /** Sets {@link #rax()}. */
    public void setRax(long value) {
        segment.set(ValueLayout.JAVA_LONG, RAX, value);
    }

    /** Register rcx. */
    public long rcx() {
        return segment.get(ValueLayout.JAVA_LONG, RCX);
    }

    /** Sets {@link #rcx()}. */
    public void setRcx(long value) {
        segment.set(ValueLayout.JAVA_LONG, RCX, value);
    }

    /** Register rdx. */
    public long rdx() {
        return segment.get(ValueLayout.JAVA_LONG, RDX);
    }

    /** Sets {@link #rdx()}. */
    public void setRdx(long value) {
        segment.set(ValueLayout.JAVA_LONG, RDX, value);
    }

    /** Register rsi. */
    public long rsi() {
        return segment.get(ValueLayout.JAVA_LONG, RSI);
    }

    /** Sets {@link #rsi()}. */
    public void setRsi(long value) {
        segment.set(ValueLayout.JAVA_LONG, RSI, value);
    }

    /** Register rdi. */
    public long rdi() {
        return segment.get(ValueLayout.JAVA_LONG, RDI);
    }

    /** Sets {@link #rdi()}. */
    public void setRdi(long value) {
        segment.set(ValueLayout.JAVA_LONG, RDI, value);
    }

    /** The number of the system call, after a {@link Trap.SystemCall}. */
    public long origRax() {
        return segment.get(ValueLayout.JAVA_LONG, ORIG_RAX);
    }

    /** Sets {@link #origRax()}. */
    public void setOrigRax(long value) {
        segment.set(ValueLayout.JAVA_LONG, ORIG_RAX, value);
    }

    /** The address of the next instruction. */
    public long rip() {
        return segment.get(ValueLayout.JAVA_LONG, RIP);
    }

    /** Sets {@link #rip()}. */
    public void setRip(long value) {
        segment.set(ValueLayout.JAVA_LONG, RIP, value);
    }

    /** Segment selector cs. */
    public long cs() {
        return segment.get(ValueLayout.JAVA_LONG, CS);
    }

    /** Sets {@link #cs()}. */
    public void setCs(long value) {
        segment.set(ValueLayout.JAVA_LONG, CS, value);
    }

    /** The flags. */
    public long eflags() {
        return segment.get(ValueLayout.JAVA_LONG, EFLAGS);
    }

    /** Sets {@link #eflags()}. */
    public void setEflags(long value) {
        segment.set(ValueLayout.JAVA_LONG, EFLAGS, value);
    }

    /** Register rsp. */
    public long rsp() {
        return segment.get(ValueLayout.JAVA_LONG, RSP);
    }

    /** Sets {@link #rsp()}. */
    public void setRsp(long value) {
        segment.set(ValueLayout.JAVA_LONG, RSP, value);
    }

    /** Segment selector ss. */
    public long ss() {
        return segment.get(ValueLayout.JAVA_LONG, SS);
    }

    /** Sets {@link #ss()}. */
    public void setSs(long value) {
        segment.set(ValueLayout.JAVA_LONG, SS, value);
    }

    /** The base address of segment fs, the thread pointer. */
    public long fsBase() {
        return segment.get(ValueLayout.JAVA_LONG, FS_BASE);
    }

    /** Sets {@link #fsBase()}. */
    public void setFsBase(long value) {
        segment.set(ValueLayout.JAVA_LONG, FS_BASE, value);
    }

    /** The base address of segment gs. */
    public long gsBase() {
        return segment.get(ValueLayout.JAVA_LONG, GS_BASE);
    }

    /** Sets {@link #gsBase()}. */
    public void setGsBase(long value) {
        segment.set(ValueLayout.JAVA_LONG, GS_BASE, value);
    }

    /** Segment selector ds. */
    public long ds() {
        return segment.get(ValueLayout.JAVA_LONG, DS);
    }

    /** Sets {@link #ds()}. */
    public void setDs(long value) {
        segment.set(ValueLayout.JAVA_LONG, DS, value);
    }

    /** Segment selector es. */
    public long es() {
        return segment.get(ValueLayout.JAVA_LONG, ES);
    }

    /** Sets {@link #es()}. */
    public void setEs(long value) {
        segment.set(ValueLayout.JAVA_LONG, ES, value);
    }

    /** Segment selector fs. */
    public long fs() {
        return segment.get(ValueLayout.JAVA_LONG, FS);
    }

    /** Sets {@link #fs()}. */
    public void setFs(long value) {
        segment.set(ValueLayout.JAVA_LONG, FS, value);
    }

    /** Segment selector gs. */
    public long gs() {
        return segment.get(ValueLayout.JAVA_LONG, GS);
    }

    /** Sets {@link #gs()}. */
    public void setGs(long value) {
        segment.set(ValueLayout.JAVA_LONG, GS, value);
    }

    /** Name and value of the registers that a report needs, in hexadecimal. */
    @Override
    public String toString() {
        return "rip=%x rsp=%x rax=%x rbx=%x rcx=%x rdx=%x rsi=%x rdi=%x rbp=%x r8=%x r9=%x r10=%x "
                        .formatted(
                                rip(), rsp(), rax(), rbx(), rcx(), rdx(), rsi(), rdi(), rbp(), r8(),
                                r9(), r10())
                + "r11=%x r12=%x r13=%x r14=%x r15=%x eflags=%x fs_base=%x gs_base=%x orig_rax=%x"
                        .formatted(
                                r11(), r12(), r13(), r14(), r15(), eflags(), fsBase(), gsBase(),
                                origRax());
    }
}
