package dev.plinth.api.host;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;

import java.util.Arrays;

/**
 * The host's Linux, as everything in Plinth sees it.
 *
 * <p>Any thread may call any method. Pointers are passed as the address of native memory that the
 * caller owns and keeps reachable during the call (a native {@link
 * java.lang.foreign.MemorySegment}).
 */
public interface HostKernel {
    /**
     * Makes a raw system call, as syscall(2).
     *
     * <p>The thread leaves the JVM for the time of the call, so that a call that blocks holds up no
     * garbage collection. {@code Thread.interrupt} does not end it; a signal to the thread does
     * ({@link #installNoOpHandler}).
     *
     * @param number of the call, in the x86-64 table
     * @return what the host's kernel returned: a value, or a negative errno in {@code [-4095, -1]}
     */
    long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5);

    /**
     * Makes a raw system call without arguments; see {@link #syscall(long, long, long, long, long,
     * long, long)}.
     */
    default long syscall(long number) {
        return syscall(number, 0, 0, 0, 0, 0, 0);
    }

    /**
     * Makes a raw system call with one argument; see {@link #syscall(long, long, long, long, long,
     * long, long)}.
     */
    default long syscall(long number, long a0) {
        return syscall(number, a0, 0, 0, 0, 0, 0);
    }

    /**
     * Makes a raw system call with two arguments; see {@link #syscall(long, long, long, long, long,
     * long, long)}.
     */
    default long syscall(long number, long a0, long a1) {
        return syscall(number, a0, a1, 0, 0, 0, 0);
    }

    /**
     * Makes a raw system call with three arguments; see {@link #syscall(long, long, long, long,
     * long, long, long)}.
     */
    default long syscall(long number, long a0, long a1, long a2) {
        return syscall(number, a0, a1, a2, 0, 0, 0);
    }

    /**
     * Makes a raw system call with four arguments; see {@link #syscall(long, long, long, long,
     * long, long, long)}.
     */
    default long syscall(long number, long a0, long a1, long a2, long a3) {
        return syscall(number, a0, a1, a2, a3, 0, 0);
    }

    /**
     * Makes a raw system call that is not expected to fail.
     *
     * <p>Not for a hot path: the arguments are boxed.
     *
     * @param operation what is being done, for the message: the call and, where it helps, its
     *     object, such as {@code ioctl(vm, KVM_CREATE_VCPU)}
     * @return the call's value
     * @throws HostCallException if the call fails, with the operation, the arguments and the errno
     */
    default long require(String operation, long number, long... arguments) {
        long[] a = Arrays.copyOf(arguments, 6);
        long result = syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
        if (Errno.isError(result)) {
            throw HostCallException.ofResult(operation, arguments, result);
        }
        return result;
    }

    /**
     * Starts a program that inherits exactly the descriptors of the request, as posix_spawn(3).
     *
     * <p>The new process is a child of the JVM; the caller owns it and reaps it with wait4(2) by
     * its number, never with a wait for any child, which would steal those of the JVM.
     *
     * @return the process number
     * @throws HostCallException if the program cannot be started
     */
    int spawn(SpawnRequest request);

    /**
     * Makes a signal interrupt blocking calls of the thread that it is sent to, and do nothing
     * else.
     *
     * <p>The handler is installed without SA_RESTART and stays for the life of the JVM. Doing so
     * twice is harmless. Not for a signal that the JVM uses: SIGSEGV, SIGBUS, SIGFPE, SIGILL,
     * SIGQUIT, SIGUSR2, SIGHUP, SIGINT, SIGTERM.
     *
     * @throws HostCallException if the host refuses
     */
    void installNoOpHandler(Signal signal);

    /**
     * Maps a range of a file, shared, into the JVM.
     *
     * @param file borrowed; it may be closed while the mapping lives
     * @param offset in bytes, a multiple of the page size
     * @param length in bytes, a multiple of the page size, not zero
     * @param access what the JVM may do; {@link AccessType#NONE} reserves addresses
     * @return the mapping; the caller owns it
     * @throws HostCallException if the host refuses
     */
    HostMemory map(HostFd file, long offset, long length, AccessType access);
}
