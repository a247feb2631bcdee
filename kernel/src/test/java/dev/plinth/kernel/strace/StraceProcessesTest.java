package dev.plinth.kernel.strace;

import static dev.plinth.kernel.strace.GuestTrace.BYTES;
import static dev.plinth.kernel.strace.GuestTrace.FILE;
import static dev.plinth.kernel.strace.GuestTrace.NOPE;
import static dev.plinth.kernel.strace.GuestTrace.X;
import static dev.plinth.kernel.strace.GuestTrace.Y;
import static dev.plinth.kernel.strace.GuestTrace.assertTrace;
import static dev.plinth.kernel.strace.GuestTrace.storeLongs;
import static dev.plinth.kernel.strace.GuestTrace.traceOf;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.List;

/** Traces of calls on processes, their memory and the system. */
@Timeout(30)
final class StraceProcessesTest {
    @TempDir private Path rootfs;

    @Test
    void showsSignals() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            storeLongs(guest, X, 0x401000, 0x14000000, 0x402000, 2);
                            guest.syscall(13, 10, X, 0, 8);
                            guest.syscall(13, 10, 0, Y, 8);
                            storeLongs(guest, X, 1, 0, 0, 0);
                            guest.syscall(13, 12, X, 0, 8);
                            storeLongs(guest, X, 0);
                            guest.syscall(13, 12, X, Y, 8);
                            guest.syscall(13, 9, X, 0, 8);
                            guest.syscall(13, 65, X, 0, 8);
                            guest.syscall(13, 33, 0, Y, 8);
                            storeLongs(guest, X, 0x401000, 0xdc000007L, 0x402000, -1);
                            guest.syscall(13, 10, X, 0, 8);
                            storeLongs(guest, X, 1L << 9 | 1L << 11 | 1L << 33);
                            guest.syscall(14, 0, X, Y, 8);
                            guest.syscall(14, 2, 0, Y, 8);
                            guest.syscall(14, 7, X, 0, 8);
                            storeLongs(guest, X, ~0x10000L);
                            guest.syscall(14, 1, X, 0, 8);
                            guest.syscall(127, Y, 8);
                            storeLongs(guest, X, 0x60c000, 0, 8192);
                            guest.syscall(131, X, 0);
                            guest.syscall(131, 0, Y);
                            guest.storeInt(X + 8, 2);
                            guest.syscall(131, X, Y);
                            guest.syscall(62, 9999999, 10);
                            guest.syscall(62, 9999999, 0);
                            guest.syscall(200, 9999999, 34);
                            guest.syscall(234, 9999999, 9999999, 65);
                            guest.syscall(62, 9999999, 32);
                        });
        assertTrace(
                """
                rt_sigaction(SIGUSR1, {sa_handler=0x401000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x402000}, NULL, 8) = 0
                rt_sigaction(SIGUSR1, NULL, {sa_handler=0x401000, sa_mask=[INT], sa_flags=SA_RESTORER|SA_RESTART, sa_restorer=0x402000}, 8) = 0
                rt_sigaction(SIGUSR2, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8) = 0
                rt_sigaction(SIGUSR2, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, 8) = 0
                rt_sigaction(SIGKILL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8) = -1 EINVAL (Invalid argument)
                rt_sigaction(65, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, NULL, 8) = -1 EINVAL (Invalid argument)
                rt_sigaction(SIGRT_1, NULL, {sa_handler=SIG_DFL, sa_mask=[], sa_flags=0}, 8) = 0
                rt_sigaction(SIGUSR1, {sa_handler=0x401000, sa_mask=~[], sa_flags=SA_RESTORER|SA_ONSTACK|SA_RESTART|SA_NODEFER|SA_RESETHAND|SA_SIGINFO|SA_NOCLDSTOP|SA_NOCLDWAIT, sa_restorer=0x402000}, NULL, 8) = 0
                rt_sigprocmask(SIG_BLOCK, [USR1 USR2 RT_2], [], 8) = 0
                rt_sigprocmask(SIG_SETMASK, NULL, [USR1 USR2 RT_2], 8) = 0
                rt_sigprocmask(0x7 /* SIG_??? */, [USR1 USR2 RT_2], NULL, 8) = -1 EINVAL (Invalid argument)
                rt_sigprocmask(SIG_UNBLOCK, ~[CHLD], NULL, 8) = 0
                rt_sigpending([], 8) = 0
                sigaltstack({ss_sp=0x60c000, ss_flags=0, ss_size=8192}, NULL) = 0
                sigaltstack(NULL, {ss_sp=0x60c000, ss_flags=0, ss_size=8192}) = 0
                sigaltstack({ss_sp=0x60c000, ss_flags=SS_DISABLE, ss_size=8192}, {ss_sp=0x60c000, ss_flags=0, ss_size=8192}) = 0
                kill(9999999, SIGUSR1) = -1 ESRCH (No such process)
                kill(9999999, 0) = -1 ESRCH (No such process)
                tkill(9999999, SIGRT_2) = -1 ESRCH (No such process)
                tgkill(9999999, 9999999, 65) = -1 ESRCH (No such process)
                kill(9999999, SIGRTMIN) = -1 ESRCH (No such process)
                """,
                lines);
    }

    @Test
    void showsTimes() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            storeLongs(guest, X, 0, 1000);
                            guest.syscall(35, X, Y);
                            guest.syscall(35, X, 0);
                            guest.syscall(229, 0, Y);
                            guest.syscall(229, 4, 0);
                            guest.syscall(228, 99, Y);
                            guest.syscall(230, 1, 0, X, Y);
                            guest.syscall(230, 1, 1, X, 0);
                            guest.syscall(230, 1, 5, X, 0);
                            guest.syscall(96, 0, 0);
                            guest.syscall(201, 1);
                        });
        assertTrace(
                """
                nanosleep({tv_sec=0, tv_nsec=1000}, 0x602100) = 0
                nanosleep({tv_sec=0, tv_nsec=1000}, NULL) = 0
                clock_getres(CLOCK_REALTIME, {tv_sec=0, tv_nsec=1}) = 0
                clock_getres(CLOCK_MONOTONIC_RAW, NULL) = 0
                clock_gettime(0x63 /* CLOCK_??? */, 0x602100) = -1 EINVAL (Invalid argument)
                clock_nanosleep(CLOCK_MONOTONIC, 0, {tv_sec=0, tv_nsec=1000}, 0x602100) = 0
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=0, tv_nsec=1000}, NULL) = 0
                clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME|0x4, {tv_sec=0, tv_nsec=1000}, NULL) = 0
                gettimeofday(NULL, NULL) = 0
                time(0x1) = -1 EFAULT (Bad address)
                """,
                lines);
    }

    @Test
    void showsMemory() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(2, FILE, 0);
                            guest.syscall(9, 0x700000, 8192, 1, 0x32, -1, 0);
                            guest.syscall(9, 0x700000, 4096, 5, 0x12, 0, 0);
                            guest.syscall(9, 0x800000, 4096, 1, 0x12, 0, 0x1000);
                            guest.syscall(9, 0, 0, 0, 0x4022, -1, 0);
                            guest.syscall(10, 0x700000, 4096, 0);
                            guest.syscall(10, 0x700000, 4096, 3);
                            guest.syscall(28, 0x701000, 4096, 4);
                            guest.syscall(28, 0x701000, 4096, 99);
                            guest.syscall(25, 0x701000, 4096, 4096, 1);
                            guest.syscall(25, 0x701001, 4096, 8192, 3, 0x800000);
                            guest.syscall(26, 0x700000, 4096, 4);
                            guest.syscall(149, 0x600000, 4096);
                            guest.syscall(325, 0x600000, 4096, 1);
                            guest.syscall(151, 8);
                            guest.syscall(11, 0x700000, 8192);
                            guest.syscall(11, 1, 1);
                            guest.syscall(12, 0);
                        });
        String brk = lines.getLast();
        assertTrue(brk.matches("brk\\(NULL\\) = 0x[0-9a-f]+"), "a result in hexadecimal: " + brk);
        assertTrace(
                """
                open("file", O_RDONLY) = 0
                mmap(0x700000, 8192, PROT_READ, MAP_PRIVATE|MAP_FIXED|MAP_ANONYMOUS, -1, 0) = 0x700000
                mmap(0x700000, 4096, PROT_READ|PROT_EXEC, MAP_PRIVATE|MAP_FIXED, 0, 0) = 0x700000
                mmap(0x800000, 4096, PROT_READ, MAP_PRIVATE|MAP_FIXED, 0, 0x1000) = 0x800000
                mmap(NULL, 0, PROT_NONE, MAP_PRIVATE|MAP_ANONYMOUS|MAP_NORESERVE, -1, 0) = -1 EINVAL (Invalid argument)
                mprotect(0x700000, 4096, PROT_NONE) = 0
                mprotect(0x700000, 4096, PROT_READ|PROT_WRITE) = 0
                madvise(0x701000, 4096, MADV_DONTNEED) = 0
                madvise(0x701000, 4096, 0x63 /* MADV_??? */) = -1 EINVAL (Invalid argument)
                mremap(0x701000, 4096, 4096, MREMAP_MAYMOVE) = 0x701000
                mremap(0x701001, 4096, 8192, MREMAP_MAYMOVE|MREMAP_FIXED, 0x800000) = -1 EINVAL (Invalid argument)
                msync(0x700000, 4096, MS_SYNC) = 0
                mlock(0x600000, 4096) = 0
                mlock2(0x600000, 4096, MLOCK_ONFAULT) = 0
                mlockall(0x8 /* MCL_??? */) = -1 EINVAL (Invalid argument)
                munmap(0x700000, 8192) = 0
                munmap(0x1, 1) = -1 EINVAL (Invalid argument)
                """,
                lines.subList(0, lines.size() - 1));
    }

    @Test
    void showsTheSystem() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.syscall(63, 1);
                            guest.syscall(97, 3, Y);
                            storeLongs(guest, X, 100, -1);
                            guest.syscall(160, 4, X);
                            guest.syscall(302, 0, 99, 0, Y);
                            storeLongs(guest, X, 8 << 20, 5);
                            guest.syscall(302, 0, 3, X, 0);
                            guest.syscall(318, BYTES, 5, 9);
                            guest.syscall(98, 5, Y);
                            guest.syscall(100, 0);
                            guest.syscall(204, 0, 1, Y);
                            guest.syscall(309, X, Y, 0);
                            guest.syscall(140, 0, 0);
                            guest.syscall(140, 9, 0);
                            guest.syscall(95, 022);
                            guest.syscall(95, 0);
                            guest.syscall(118, X, X + 4, X + 8);
                            guest.syscall(115, 0, 0);
                            guest.syscall(115, -1, 0);
                            guest.syscall(24);
                        });
        assertTrace(
                """
                uname(0x1) = -1 EFAULT (Bad address)
                getrlimit(RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}) = 0
                setrlimit(RLIMIT_CORE, {rlim_cur=100, rlim_max=RLIM64_INFINITY}) = 0
                prlimit64(0, 0x63 /* RLIMIT_??? */, NULL, 0x602100) = -1 EINVAL (Invalid argument)
                prlimit64(0, RLIMIT_STACK, {rlim_cur=8192*1024, rlim_max=5}, NULL) = -1 EINVAL (Invalid argument)
                getrandom(0x601000, 5, GRND_NONBLOCK|0x8) = -1 EINVAL (Invalid argument)
                getrusage(0x5 /* RUSAGE_??? */, 0x602100) = -1 EINVAL (Invalid argument)
                times(NULL) = TICKS
                sched_getaffinity(0, 1, 0x602100) = -1 EINVAL (Invalid argument)
                getcpu([0], [0], NULL) = 0
                getpriority(PRIO_PROCESS, 0) = 20
                getpriority(0x9 /* PRIO_??? */, 0) = -1 EINVAL (Invalid argument)
                umask(022) = 022
                umask(000) = 022
                getresuid([0], [0], [0]) = 0
                getgroups(0, NULL) = 0
                getgroups(-1, NULL) = -1 EINVAL (Invalid argument)
                sched_yield() = 0
                """,
                lines.stream()
                        .map(line -> line.replaceFirst("(times.* = )\\d+", "$1TICKS"))
                        .toList());
    }

    @Test
    void showsProcesses() throws Exception {
        List<String> lines =
                traceOf(
                        rootfs,
                        guest -> {
                            guest.storeString(BYTES, "one");
                            guest.storeString(BYTES + 16, "two \"x\"");
                            storeLongs(guest, X, BYTES, BYTES + 16, 0);
                            storeLongs(guest, Y, BYTES, 0);
                            guest.syscall(59, NOPE, X, Y);
                            storeLongs(guest, Y, 0);
                            guest.syscall(59, NOPE, X, Y);
                            guest.syscall(59, NOPE, 0, 0);
                            guest.syscall(59, NOPE, 1, X);
                            storeLongs(guest, X, 1);
                            guest.syscall(59, NOPE, X, Y);
                            guest.syscall(61, -1, Y, 0, 0);
                            guest.syscall(61, 77, 0, 3, 0);
                            guest.syscall(247, 0, 0, Y, 5, 0);
                            guest.syscall(158, 0x9999, Y);
                            guest.syscall(157, 15, FILE);
                            guest.syscall(157, 16, Y);
                            guest.syscall(157, 39, 0, 0, 0, 0);
                            guest.syscall(157, 999, 1, 2, 3, 4);
                        });
        assertTrace(
                """
                execve("nope", ["one", "two \\"x\\""], 0x602100 /* 1 var */) = -1 ENOENT (No such file or directory)
                execve("nope", ["one", "two \\"x\\""], 0x602100 /* 0 vars */) = -1 ENOENT (No such file or directory)
                execve("nope", NULL, NULL) = -1 ENOENT (No such file or directory)
                execve("nope", 0x1, 0x602000 /* 2 vars */) = -1 ENOENT (No such file or directory)
                execve("nope", [0x1, "two \\"x\\""], 0x602100 /* 0 vars */) = -1 ENOENT (No such file or directory)
                wait4(-1, 0x602100, 0, NULL) = -1 ECHILD (No child processes)
                wait4(77, NULL, WNOHANG|WSTOPPED, NULL) = -1 ECHILD (No child processes)
                waitid(P_ALL, 0, 0x602100, WNOHANG|WEXITED, NULL) = -1 ECHILD (No child processes)
                arch_prctl(0x9999 /* ARCH_??? */, 0x602100) = -1 EINVAL (Invalid argument)
                prctl(PR_SET_NAME, "file") = 0
                prctl(PR_GET_NAME, "file") = 0
                prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) = 0
                prctl(0x3e7 /* PR_??? */, 0x1, 0x2, 0x3, 0x4) = -1 EINVAL (Invalid argument)
                """,
                lines.stream()
                        .map(line ->
                                line.replace(
                                        "ENOSYS (Function not implemented)",
                                        "ENOENT (No such file or directory)"))
                        .toList());
    }
}
