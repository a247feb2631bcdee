package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.Availability;
import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.Ptrace;
import dev.plinth.platform.ptrace.linux.SystemCalls;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Finds out whether the host lets this user trace a stub.
 *
 * <p>It is asked at each start, so it makes a handful of system calls and starts no process: what
 * can only be seen by doing it (a security module that forbids tracing one's own child) is left to
 * {@link PtracePlatform}, whose error says what was refused.
 */
final class HostProbe {
    private static final String YAMA = "/proc/sys/kernel/yama/ptrace_scope";
    private static final int YAMA_ADMIN_ONLY = 2;
    private static final int YAMA_NO_ATTACH = 3;
    private static final int CAP_SYS_PTRACE = 19;
    private static final int LINUX_CAPABILITY_VERSION_3 = 0x20080522;

    private HostProbe() {}

    static Availability availability(HostKernel host) {
        if (!System.getProperty("os.name").equals("Linux")
                || !System.getProperty("os.arch").equals("amd64")) {
            return Availability.unusable(
                    "it runs on Linux on x86-64 only", "use such a machine, or another platform");
        }
        // A request about a process that is nobody's tracee: where ptrace is allowed, ESRCH.
        long pid = host.syscall(SystemCalls.GETPID);
        long result = host.syscall(SystemCalls.PTRACE, Ptrace.PTRACE_CONT, pid);
        if (result != -Errno.ESRCH.number()) {
            return Availability.unusable(
                    "this host refuses ptrace with " + Errno.nameOf(result),
                    "allow it: docker run --cap-add=SYS_PTRACE, or a seccomp profile with ptrace");
        }
        try (Arena arena = Arena.ofConfined()) {
            long scope = HostFiles.readNumber(host, arena, YAMA, 0);
            if (scope == YAMA_NO_ATTACH) {
                return Availability.unusable(
                        YAMA + " is 3: no process may trace another until the next boot",
                        "boot with a lower kernel.yama.ptrace_scope, or use another platform");
            }
            if (scope == YAMA_ADMIN_ONLY && !hasPtraceCapability(host, arena)) {
                return Availability.unusable(
                        YAMA + " is 2: only an administrator may trace",
                        "sysctl kernel.yama.ptrace_scope=1, or run with CAP_SYS_PTRACE");
            }
            return executableMemoryFile(host, arena);
        }
    }

    private static Availability executableMemoryFile(HostKernel host, Arena arena) {
        try {
            HostFiles.createMemoryFile(
                            host, arena, "plinth-probe", Mman.MFD_ALLOW_SEALING | Mman.MFD_EXEC)
                    .close();
            return Availability.usable();
        } catch (HostCallException e) {
            return Availability.unusable(
                    "this host allows no executable memory file: " + e.getMessage(),
                    "sysctl vm.memfd_noexec=1 or 0, or use another platform");
        }
    }

    private static boolean hasPtraceCapability(HostKernel host, Arena arena) {
        // struct __user_cap_header_struct and two __user_cap_data_struct of linux/capability.h: the
        // effective capabilities come first.
        MemorySegment header = arena.allocate(8, Long.BYTES);
        MemorySegment data = arena.allocate(24, Long.BYTES);
        header.set(JAVA_INT, 0, LINUX_CAPABILITY_VERSION_3);
        long result = host.syscall(SystemCalls.CAPGET, header.address(), data.address());
        return result == 0 && (data.get(JAVA_INT, 0) & 1 << CAP_SYS_PTRACE) != 0;
    }
}
