package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.RANDOM_OUT;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.StructFormats.INT_OUT;
import static dev.plinth.kernel.strace.SystemFormats.LIMIT_IN;
import static dev.plinth.kernel.strace.SystemFormats.LIMIT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.UtsName;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/** The machine as a program sees it: names, memory, processors, limits, randomness. */
final class SystemSyscalls implements SyscallFamily {
    private static final int GRND_NONBLOCK = 1;
    private static final int GRND_RANDOM = 2;
    private static final int GRND_INSECURE = 4;

    /** {@code sizeof(struct sysinfo)}. */
    private static final int SYSINFO_BYTES = 112;

    /** {@code sizeof(struct rusage)}. */
    private static final int RUSAGE_BYTES = 144;

    /** Clock ticks a second, as times(2) counts. */
    private static final long TICKS_PER_SECOND = 100;

    /** {@code /proc/sys/fs/nr_open}. */
    private static final long MAX_DESCRIPTORS = 1 << 20;

    private static final int RUSAGE_CHILDREN = -1;
    private static final int RUSAGE_THREAD = 1;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt INT_VALUE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private static final ArgumentFormat RESOURCE =
            NameFormat.ofList(
                            "RLIMIT_CPU",
                            "RLIMIT_FSIZE",
                            "RLIMIT_DATA",
                            "RLIMIT_STACK",
                            "RLIMIT_CORE",
                            "RLIMIT_RSS",
                            "RLIMIT_NPROC",
                            "RLIMIT_NOFILE",
                            "RLIMIT_MEMLOCK",
                            "RLIMIT_AS",
                            "RLIMIT_LOCKS",
                            "RLIMIT_SIGPENDING",
                            "RLIMIT_MSGQUEUE",
                            "RLIMIT_NICE",
                            "RLIMIT_RTPRIO",
                            "RLIMIT_RTTIME")
                    .family("RLIMIT_???");

    private static final ArgumentFormat GETRANDOM_FLAGS =
            new FlagFormat("0")
                    .with(GRND_NONBLOCK, "GRND_NONBLOCK")
                    .with(GRND_RANDOM, "GRND_RANDOM")
                    .with(GRND_INSECURE, "GRND_INSECURE")
                    .family("GRND_???");

    private static final String NO_USAGE = "CPU time is the time since the process began";

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported("uname", SystemSyscalls::uname, SystemFormats.UTSNAME_OUT),
                partial(
                        "sysinfo",
                        "no load, no swap",
                        SystemSyscalls::sysinfo,
                        SystemFormats.SYSINFO_OUT),
                supported(
                        "getrandom", SystemSyscalls::getrandom, RANDOM_OUT, SIZE, GETRANDOM_FLAGS),
                supported("getrlimit", SystemSyscalls::getrlimit, RESOURCE, LIMIT_OUT),
                supported("setrlimit", SystemSyscalls::setrlimit, RESOURCE, LIMIT_IN),
                supported(
                        "prlimit64", SystemSyscalls::prlimit64, INT, RESOURCE, LIMIT_IN, LIMIT_OUT),
                partial(
                        "getrusage",
                        NO_USAGE,
                        SystemSyscalls::getrusage,
                        SystemFormats.USAGE_WHO,
                        SystemFormats.USAGE_OUT),
                partial("times", NO_USAGE, SystemSyscalls::times, SystemFormats.TMS_OUT),
                supported("sched_yield", SystemSyscalls::schedYield),
                partial(
                        "sched_getaffinity",
                        "every processor, always",
                        SystemSyscalls::schedGetaffinity,
                        INT,
                        SIZE,
                        SystemFormats.PROCESSORS_OUT),
                partial(
                        "getcpu",
                        "always the first",
                        SystemSyscalls::getcpu,
                        INT_OUT,
                        INT_OUT,
                        POINTER),
                partial(
                        "getpriority",
                        "every process has the same",
                        SystemSyscalls::getpriority,
                        SystemFormats.PRIORITY_WHICH,
                        INT));
    }

    private static long uname(Task task, SyscallArguments arguments) {
        UtsName name = task.kernel().utsName();
        String[] fields = {
            name.sysname(), name.nodename(), name.release(),
            name.version(), name.machine(), name.domainname(),
        };
        byte[] bytes = new byte[fields.length * UtsName.FIELD_BYTES];
        for (int i = 0; i < fields.length; i++) {
            byte[] field = fields[i].getBytes(StandardCharsets.ISO_8859_1);
            System.arraycopy(field, 0, bytes, i * UtsName.FIELD_BYTES, field.length);
        }
        task.guestMemory().copyOut(arguments.longAt(0), bytes);
        return 0;
    }

    private static long sysinfo(Task task, SyscallArguments arguments) {
        long uptime = task.kernel().clock().monotonicNanos() - task.kernel().bootMonotonicNanos();
        byte[] bytes = new byte[SYSINFO_BYTES];
        MemorySegment info = MemorySegment.ofArray(bytes);
        info.set(LONG, 0, uptime / Clock.NANOS_PER_SECOND);
        info.set(LONG, 32, task.kernel().memoryTotal());
        info.set(LONG, 40, task.kernel().memoryFree());
        info.set(SHORT, 80, (short) task.kernel().tasks().size());
        info.set(INT_VALUE, 104, 1);
        task.guestMemory().copyOut(arguments.longAt(0), bytes);
        return 0;
    }

    private static long getrandom(Task task, SyscallArguments arguments) {
        int flags = arguments.intAt(2);
        int both = GRND_RANDOM | GRND_INSECURE;
        if ((flags & ~(GRND_NONBLOCK | both)) != 0 || (flags & both) == both) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        // As import_ubuf() does, more than an int can count is cut.
        long size = Math.min(arguments.longAt(1), Integer.MAX_VALUE & -4096L);
        if (size < 0) {
            size = Integer.MAX_VALUE & -4096L;
        }
        return task.guestMemory()
                .destination(arguments.longAt(0), size)
                .transfer(piece -> {
                    task.kernel().random().fill(piece);
                    return piece.byteSize();
                });
    }

    private static long getrlimit(Task task, SyscallArguments arguments) {
        writeLimit(task, arguments.longAt(1), limitOf(task, arguments.intAt(0)));
        return 0;
    }

    private static long setrlimit(Task task, SyscallArguments arguments) {
        setLimit(task, arguments.intAt(0), readLimit(task, arguments.longAt(1)));
        return 0;
    }

    private static long prlimit64(Task task, SyscallArguments arguments) {
        int pid = arguments.intAt(0);
        int resource = arguments.intAt(1);
        long newAddress = arguments.longAt(2);
        long oldAddress = arguments.longAt(3);
        if (resource < 0 || resource >= ResourceLimits.COUNT) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Optional<ResourceLimits.Limit> wanted =
                newAddress == 0 ? Optional.empty() : Optional.of(readLimit(task, newAddress));
        if (pid != 0 && task.kernel().process(pid).isEmpty()) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        ResourceLimits.Limit before = limitOf(task, resource);
        wanted.ifPresent(limit -> setLimit(task, resource, limit));
        if (oldAddress != 0) {
            writeLimit(task, oldAddress, before);
        }
        return 0;
    }

    private static ResourceLimits.Limit limitOf(Task task, int resource) {
        if (resource < 0 || resource >= ResourceLimits.COUNT) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return task.group().limits().get(resource);
    }

    private static void setLimit(Task task, int resource, ResourceLimits.Limit limit) {
        ResourceLimits.Limit before = limitOf(task, resource);
        if (Long.compareUnsigned(limit.soft(), limit.hard()) > 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        boolean raises = Long.compareUnsigned(limit.hard(), before.hard()) > 0;
        if (raises && !task.credentials().has(Capability.SYS_RESOURCE)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (resource == ResourceLimits.RLIMIT_NOFILE
                && Long.compareUnsigned(limit.hard(), MAX_DESCRIPTORS) > 0) {
            throw ErrnoException.of(Errno.EPERM);
        }
        task.group().limits().set(resource, limit);
    }

    private static ResourceLimits.Limit readLimit(Task task, long address) {
        return new ResourceLimits.Limit(
                task.guestMemory().readLong(address),
                task.guestMemory().readLong(address + Long.BYTES));
    }

    private static void writeLimit(Task task, long address, ResourceLimits.Limit limit) {
        task.guestMemory().writeLong(address, limit.soft());
        task.guestMemory().writeLong(address + Long.BYTES, limit.hard());
    }

    private static long getrusage(Task task, SyscallArguments arguments) {
        int who = arguments.intAt(0);
        if (who < RUSAGE_CHILDREN || who > RUSAGE_THREAD) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] bytes = new byte[RUSAGE_BYTES];
        if (who != RUSAGE_CHILDREN) {
            MemorySegment usage = MemorySegment.ofArray(bytes);
            long nanos = sinceStart(task);
            usage.set(LONG, 0, nanos / Clock.NANOS_PER_SECOND);
            usage.set(LONG, 8, nanos % Clock.NANOS_PER_SECOND / 1000);
            usage.set(LONG, 32, pagesToKib(task.memory().usage().peakResident()));
        }
        task.guestMemory().copyOut(arguments.longAt(1), bytes);
        return 0;
    }

    private static long times(Task task, SyscallArguments arguments) {
        long address = arguments.longAt(0);
        if (address != 0) {
            byte[] bytes = new byte[4 * Long.BYTES];
            MemorySegment.ofArray(bytes).set(LONG, 0, ticks(sinceStart(task)));
            task.guestMemory().copyOut(address, bytes);
        }
        return ticks(task.kernel().clock().monotonicNanos());
    }

    private static long pagesToKib(long pages) {
        return pages * (Pages.SIZE / 1024);
    }

    private static long sinceStart(Task task) {
        return task.kernel().clock().monotonicNanos() - task.group().startMonotonicNanos();
    }

    private static long ticks(long nanos) {
        return nanos / (Clock.NANOS_PER_SECOND / TICKS_PER_SECOND);
    }

    @SuppressWarnings("ThreadPriorityCheck") // What the program asks for, to the letter.
    private static long schedYield(Task task, SyscallArguments arguments) {
        Thread.yield();
        return 0;
    }

    private static long schedGetaffinity(Task task, SyscallArguments arguments) {
        int tid = arguments.intAt(0);
        int size = arguments.intAt(1);
        if (size < Long.BYTES || size % Long.BYTES != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (tid != 0 && task.kernel().tasks().stream().noneMatch(other -> other.tid() == tid)) {
            throw ErrnoException.of(Errno.ESRCH);
        }
        int processors = Math.min(task.kernel().processors(), Long.SIZE);
        task.guestMemory().writeLong(arguments.longAt(2), -1L >>> (Long.SIZE - processors));
        return Long.BYTES;
    }

    private static long getcpu(Task task, SyscallArguments arguments) {
        for (int index = 0; index < 2; index++) {
            if (arguments.longAt(index) != 0) {
                task.guestMemory().writeInt(arguments.longAt(index), 0);
            }
        }
        return 0;
    }

    /** The kernel's own convention: 20 less the nice value, so that it is never an error. */
    private static long getpriority(Task task, SyscallArguments arguments) {
        int which = arguments.intAt(0);
        if (which < 0 || which > 2) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return 20;
    }
}
