package dev.plinth.platform.kvm;

/**
 * Why a vCPU came back from ring 3.
 *
 * <ul>
 *   <li>{@link SystemCall} &ndash; the instruction {@code syscall};
 *   <li>{@link CpuException} &ndash; an exception;
 *   <li>{@link Interruption} &ndash; nothing of the guest's: it can go on as it is;
 *   <li>{@link Lost} &ndash; the guest's registers are gone, and the vCPU is reset before it is
 *       used again.
 * </ul>
 */
sealed interface GuestEvent {
    /** The only {@link SystemCall}. */
    SystemCall SYSTEM_CALL = new SystemCall();

    /** The only {@link Interruption}. */
    Interruption INTERRUPTION = new Interruption();

    record SystemCall() implements GuestEvent {}

    /**
     * The processor raised an exception.
     *
     * @param errorCode zero if the exception has none
     * @param address of a page fault; of any other, undefined
     */
    record CpuException(int vector, long errorCode, long address) implements GuestEvent {}

    record Interruption() implements GuestEvent {}

    /**
     * The vCPU stopped in a way that no guest causes.
     *
     * @param description what happened
     * @param code that KVM gave: the reason of an exit, or a negative errno
     */
    record Lost(String description, long code) implements GuestEvent {}
}
