package dev.plinth.kernel.errno;

import dev.plinth.api.linux.Errno;

/** Turns errors of the host into errors of the guest. */
public final class HostErrors {
    private HostErrors() {}

    /**
     * The value of a host call that was made on behalf of a guest, for an object of the guest's.
     *
     * @param result a value or a negative errno
     * @return the value
     * @throws ErrnoException with what the guest is to see
     */
    public static long check(long result) {
        if (Errno.isError(result)) {
            throw ErrnoException.of(guestErrno((int) -result));
        }
        return result;
    }

    /**
     * What a guest is to see of a host errno.
     *
     * <p>Most mean the same in the guest. Those that speak of Plinth's own resources are turned
     * into what Linux would say if the machine had run out of them.
     */
    private static Errno guestErrno(int number) {
        Errno errno = Errno.of(number).orElse(Errno.EIO);
        return switch (errno) {
            // The host's limit on descriptors is Plinth's, not the guest's.
            case EMFILE -> Errno.ENFILE;
            // The pointers are Plinth's own, so a bad one is no fault of the guest.
            case EFAULT, ENOSYS -> Errno.EIO;
            default -> errno;
        };
    }
}
