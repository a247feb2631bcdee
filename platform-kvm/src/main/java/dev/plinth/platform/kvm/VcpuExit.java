package dev.plinth.platform.kvm;

/**
 * Why KVM_RUN came back.
 *
 * <ul>
 *   <li>{@link Halted} &ndash; the monitor executed {@code hlt}: what it is for;
 *   <li>{@link Interrupted} &ndash; a signal, or the request to exit at once;
 *   <li>{@link Refused} &ndash; the host's error;
 *   <li>{@link Unexpected} &ndash; anything else: the vCPU's state is lost.
 * </ul>
 */
sealed interface VcpuExit {
    /** The only {@link Halted}. */
    Halted HALTED = new Halted();

    /** The only {@link Interrupted}. */
    Interrupted INTERRUPTED = new Interrupted();

    record Halted() implements VcpuExit {}

    record Interrupted() implements VcpuExit {}

    /**
     * The call failed.
     *
     * @param result of the call, a negative errno
     */
    record Refused(long result) implements VcpuExit {}

    /**
     * The exit has another reason.
     *
     * @param reason {@code exit_reason}
     * @param description its name, and what KVM says with it
     */
    record Unexpected(int reason, String description) implements VcpuExit {}
}
