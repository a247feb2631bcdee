package dev.plinth.kernel.host;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/**
 * Functions of the C library, direct-mapped; pointers are passed as numbers.
 *
 * <p>The names are those of the C library.
 */
final class LibC {
    /** {@code sizeof(posix_spawn_file_actions_t)} is 80 in glibc; the rest is room to grow. */
    static final long SPAWN_FILE_ACTIONS_BYTES = 512;

    /** {@code sizeof(posix_spawnattr_t)} is 336 in glibc; the rest is room to grow. */
    static final long SPAWN_ATTRIBUTES_BYTES = 1024;

    /** spawn.h. */
    static final short POSIX_SPAWN_SETSIGDEF = 0x04;

    /** spawn.h. */
    static final short POSIX_SPAWN_SETSIGMASK = 0x08;

    /** spawn.h, a GNU extension. */
    static final short POSIX_SPAWN_SETSID = 0x80;

    /** {@code sizeof(sigset_t)} in glibc. */
    static final long SIGSET_BYTES = 128;

    /** {@code sizeof(struct sigaction)} in glibc: handler, mask, flags, restorer. */
    static final long SIGACTION_BYTES = 152;

    private static final NativeLibrary PROCESS = NativeLibrary.getProcess();

    static {
        Native.register(LibC.class, PROCESS);
    }

    private LibC() {}

    /** Binds the functions, if that has not been done: initialising the class does. */
    static void load() {}

    /** syscall(2) is variadic in C; with integer arguments x86-64 passes them all the same. */
    static native long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5);

    static native int posix_spawn(
            long pid, long path, long fileActions, long attributes, long argv, long envp);

    static native int posix_spawn_file_actions_init(long fileActions);

    static native int posix_spawn_file_actions_destroy(long fileActions);

    static native int posix_spawn_file_actions_adddup2(long fileActions, int from, int to);

    static native int posix_spawn_file_actions_addclose(long fileActions, int fd);

    static native int posix_spawn_file_actions_addclosefrom_np(long fileActions, int from);

    static native int posix_spawnattr_init(long attributes);

    static native int posix_spawnattr_destroy(long attributes);

    static native int posix_spawnattr_setflags(long attributes, short flags);

    static native int posix_spawnattr_setsigdefault(long attributes, long set);

    static native int sigfillset(long set);

    static native int sigaction(int signal, long action, long oldAction);

    /** The address of a function of the C library. */
    static long addressOf(String function) {
        Function found = PROCESS.getFunction(function);
        return Pointer.nativeValue(found);
    }

    /** The error of the last call of this thread that failed. */
    static int errno() {
        return Native.getLastError();
    }
}
