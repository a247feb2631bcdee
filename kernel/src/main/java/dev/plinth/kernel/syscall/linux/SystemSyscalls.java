package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.PATH;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.RANDOM_OUT;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.StructFormats.INT_OUT;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.FlagFormat;
import dev.plinth.kernel.strace.Formats;
import dev.plinth.kernel.strace.SystemFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.TaskSettings;
import dev.plinth.kernel.task.UtsName;
import dev.plinth.kernel.time.Clock;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;

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

    private static final int RUSAGE_CHILDREN = -1;
    private static final int RUSAGE_THREAD = 1;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfInt INT_VALUE = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

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
                supported("sethostname", SystemSyscalls::sethostname, PATH, INT),
                supported("setdomainname", SystemSyscalls::setdomainname, PATH, INT),
                partial(
                        "personality",
                        "kept, shown by uname, ADDR_NO_RANDOMIZE; other quirks change nothing",
                        SystemSyscalls::personality,
                        Formats.HEX),
                partial(
                        "sysinfo",
                        "no load, no swap",
                        SystemSyscalls::sysinfo,
                        SystemFormats.SYSINFO_OUT),
                supported(
                        "getrandom", SystemSyscalls::getrandom, RANDOM_OUT, SIZE, GETRANDOM_FLAGS),
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
        boolean is32Bit =
                (task.settings().personality() & TaskSettings.PERSONALITY_MASK)
                        == TaskSettings.PER_LINUX32;
        String[] fields = {
            name.sysname(),
            name.nodename(),
            name.release(),
            name.version(),
            is32Bit ? "i686" : name.machine(),
            name.domainname(),
        };
        byte[] bytes = new byte[fields.length * UtsName.FIELD_BYTES];
        for (int i = 0; i < fields.length; i++) {
            byte[] field = fields[i].getBytes(StandardCharsets.ISO_8859_1);
            System.arraycopy(field, 0, bytes, i * UtsName.FIELD_BYTES, field.length);
        }
        task.guestMemory().copyOut(arguments.longAt(0), bytes);
        return 0;
    }

    private static long sethostname(Task task, SyscallArguments arguments) {
        String name = newName(task, arguments);
        task.kernel().rename(names -> names.withNodename(name));
        return 0;
    }

    private static long setdomainname(Task task, SyscallArguments arguments) {
        String name = newName(task, arguments);
        task.kernel().rename(names -> names.withDomainname(name));
        return 0;
    }

    private static String newName(Task task, SyscallArguments arguments) {
        int length = arguments.intAt(1);
        if (!task.credentials().has(Capability.SYS_ADMIN)) {
            throw ErrnoException.of(Errno.EPERM);
        }
        if (length < 0 || length >= UtsName.FIELD_BYTES) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        byte[] name = task.guestMemory().copyIn(arguments.longAt(0), length);
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    /** Gives the old personality; all ones only ask for it. */
    private static long personality(Task task, SyscallArguments arguments) {
        int old = task.settings().personality();
        if (arguments.intAt(0) != -1) {
            task.settings().setPersonality(arguments.intAt(0));
        }
        return Integer.toUnsignedLong(old);
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
