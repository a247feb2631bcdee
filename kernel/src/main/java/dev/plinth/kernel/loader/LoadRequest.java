package dev.plinth.kernel.loader;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.kernel.loader.vdso.Vdso;

import java.util.Optional;

/**
 * What a program is loaded with, beside itself.
 *
 * @param arguments its strings
 * @param uid real user
 * @param euid effective user
 * @param gid real group
 * @param egid effective group
 * @param random 16 bytes for {@code AT_RANDOM}
 * @param cpu what it is told of the processor
 * @param stackLimit RLIMIT_STACK in bytes
 * @param vdso of the sandbox, if it has one
 */
@SuppressWarnings("ArrayRecordComponent") // The bytes of a guest, which nobody compares.
public record LoadRequest(
        ProgramArguments arguments,
        int uid,
        int euid,
        int gid,
        int egid,
        byte[] random,
        CpuFeatures cpu,
        long stackLimit,
        Optional<Vdso> vdso) {
    /** How many bytes {@code AT_RANDOM} points to. */
    public static final int RANDOM_BYTES = 16;

    public LoadRequest {
        requireNonNull(arguments, "arguments is null");
        requireNonNull(cpu, "cpu is null");
        requireNonNull(vdso, "vdso is null");
        if (random.length != RANDOM_BYTES) {
            throw new IllegalArgumentException("not 16 random bytes: " + random.length);
        }
    }

    /** Whether the program acts for another user or group than the one that runs it. */
    boolean isPrivileged() {
        return uid != euid || gid != egid;
    }
}
