package dev.plinth.kernel.signal;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.state.proto.SignalInfoState;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * A signal with what {@code siginfo_t} tells of it (asm-generic/siginfo.h).
 *
 * @param signal that is sent
 * @param code {@code si_code}
 * @param pid of the sender, where the code says so
 * @param uid of the sender, where the code says so
 * @param value {@code si_addr} of a fault, or {@code si_value} of a queued signal
 */
public record SignalInfo(Signal signal, int code, int pid, int uid, long value) {
    /** {@code sizeof(siginfo_t)}. */
    public static final int BYTES = 128;

    /** Sent by kill(2). */
    public static final int SI_USER = 0;

    /** Sent by sigqueue(3). */
    public static final int SI_QUEUE = -1;

    /** Sent by a timer: {@link #pid} is its number, {@link #uid} how often it ran over. */
    public static final int SI_TIMER = -2;

    /** Sent by tkill(2) or tgkill(2). */
    public static final int SI_TKILL = -6;

    /** Sent by the kernel. */
    public static final int SI_KERNEL = 0x80;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    public SignalInfo {
        requireNonNull(signal, "signal is null");
    }

    /** A signal that a process sent to another. */
    public static SignalInfo sentBy(Signal signal, int code, int pid, int uid) {
        return new SignalInfo(signal, code, pid, uid, 0);
    }

    /**
     * What a parent is told of a child.
     *
     * @param code {@code CLD_*}
     * @param status {@code si_status}: the exit code, or the number of a signal
     */
    public static SignalInfo ofChild(Signal signal, int code, int pid, int uid, int status) {
        return new SignalInfo(signal, code, pid, uid, status);
    }

    /** A signal that an exception of the processor raised. */
    public static SignalInfo fault(Signal signal, int code, long address) {
        return new SignalInfo(signal, code, 0, 0, address);
    }

    /** A signal that the kernel sends for reasons of its own. */
    public static SignalInfo fromKernel(Signal signal) {
        return new SignalInfo(signal, SI_KERNEL, 0, 0, 0);
    }

    /** A signal that a timer sends. */
    public static SignalInfo ofTimer(Signal signal, int timer, int overrun, long value) {
        return new SignalInfo(signal, SI_TIMER, timer, overrun, value);
    }

    /** A signal that was saved. */
    public static SignalInfo restore(SignalInfoState state) {
        return new SignalInfo(
                Signal.of(state.getSignal()),
                state.getCode(),
                state.getPid(),
                state.getUid(),
                state.getValue());
    }

    /** What is saved of it. */
    public SignalInfoState save() {
        return SignalInfoState.newBuilder()
                .setSignal(signal.number())
                .setCode(code)
                .setPid(pid)
                .setUid(uid)
                .setValue(value)
                .build();
    }

    /** What {@code si_code} is in a {@code siginfo_t}. */
    public static int codeOf(MemorySegment source) {
        return source.get(INT, 8);
    }

    /**
     * Reads {@code siginfo_t} as rt_sigqueueinfo(2) takes it.
     *
     * @param signal that is sent, whatever the structure says
     */
    public static SignalInfo readFrom(Signal signal, MemorySegment source) {
        return new SignalInfo(
                signal,
                codeOf(source),
                source.get(INT, 16),
                source.get(INT, 20),
                source.get(LONG, 24));
    }

    /** Whether the members of a fault are the ones in use: {@code si_addr}. */
    public boolean isFault() {
        return switch (signal) {
            case SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP -> code > 0;
            default -> false;
        };
    }

    /** Writes {@code siginfo_t}, {@value #BYTES} bytes, with zeros where nothing is told. */
    public void writeTo(MemorySegment target) {
        target.asSlice(0, BYTES).fill((byte) 0);
        target.set(INT, 0, signal.number());
        target.set(INT, 8, code);
        if (isFault()) {
            target.set(LONG, 16, value);
        } else {
            target.set(INT, 16, pid);
            target.set(INT, 20, uid);
            target.set(LONG, 24, value);
        }
    }
}
