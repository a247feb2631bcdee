package dev.plinth.kernel.strace;

import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.ResultFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.vfs.linux.Fcntl;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Map;
import java.util.Set;

/** How fcntl(2), ioctl(2) and flock(2) are shown: what they take depends on what they are to do. */
public final class DescriptorFormats {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    /** {@code struct flock}: short type, short whence, long start, long len, int pid. */
    private static final int FLOCK_BYTES = 32;

    private static final int L_START = 8;
    private static final int L_LEN = 16;
    private static final int L_PID = 24;

    /** asm-generic/ioctls.h. */
    private static final int TIOCSCTTY = 0x540e;

    private static final int TIOCGPGRP = 0x540f;
    private static final int TIOCSPGRP = 0x5410;
    private static final int TIOCGWINSZ = 0x5413;
    private static final int TIOCSWINSZ = 0x5414;
    private static final int FIONREAD = 0x541b;
    private static final int FIONBIO = 0x5421;
    private static final int TIOCNOTTY = 0x5422;
    private static final int TIOCGSID = 0x5429;
    private static final int FIONCLEX = 0x5450;
    private static final int FIOCLEX = 0x5451;

    private static final Map<Integer, String> REQUESTS =
            Map.ofEntries(
                    Map.entry(0x5401, "TCGETS"),
                    Map.entry(0x5402, "TCSETS"),
                    Map.entry(0x5403, "TCSETSW"),
                    Map.entry(0x5404, "TCSETSF"),
                    Map.entry(0x5409, "TCSBRK"),
                    Map.entry(0x540a, "TCXONC"),
                    Map.entry(0x540b, "TCFLSH"),
                    Map.entry(TIOCSCTTY, "TIOCSCTTY"),
                    Map.entry(TIOCGPGRP, "TIOCGPGRP"),
                    Map.entry(TIOCSPGRP, "TIOCSPGRP"),
                    Map.entry(0x5411, "TIOCOUTQ"),
                    Map.entry(0x5412, "TIOCSTI"),
                    Map.entry(TIOCGWINSZ, "TIOCGWINSZ"),
                    Map.entry(TIOCSWINSZ, "TIOCSWINSZ"),
                    Map.entry(FIONREAD, "FIONREAD"),
                    Map.entry(FIONBIO, "FIONBIO"),
                    Map.entry(TIOCNOTTY, "TIOCNOTTY"),
                    Map.entry(TIOCGSID, "TIOCGSID"),
                    Map.entry(0x5430, "TIOCGPTN"),
                    Map.entry(0x5431, "TIOCSPTLCK"),
                    Map.entry(FIONCLEX, "FIONCLEX"),
                    Map.entry(FIOCLEX, "FIOCLEX"),
                    Map.entry(0x5452, "FIOASYNC"),
                    Map.entry(0x5460, "FIOQSIZE"));

    private static final Set<Integer> REQUESTS_WITHOUT_ARGUMENT =
            Set.of(TIOCNOTTY, FIONCLEX, FIOCLEX);

    private static final Set<Integer> COMMANDS_WITHOUT_ARGUMENT =
            Set.of(
                    Fcntl.F_GETFD,
                    Fcntl.F_GETFL,
                    Fcntl.F_GETOWN,
                    Fcntl.F_GETSIG,
                    Fcntl.F_GETLEASE,
                    Fcntl.F_GETPIPE_SZ,
                    Fcntl.F_GET_SEALS);

    /** What fcntl(2) is to do. */
    public static final ArgumentFormat FCNTL_COMMAND =
            new NameFormat()
                    .with(Fcntl.F_DUPFD, "F_DUPFD")
                    .with(Fcntl.F_GETFD, "F_GETFD")
                    .with(Fcntl.F_SETFD, "F_SETFD")
                    .with(Fcntl.F_GETFL, "F_GETFL")
                    .with(Fcntl.F_SETFL, "F_SETFL")
                    .with(Fcntl.F_GETLK, "F_GETLK")
                    .with(Fcntl.F_SETLK, "F_SETLK")
                    .with(Fcntl.F_SETLKW, "F_SETLKW")
                    .with(Fcntl.F_SETOWN, "F_SETOWN")
                    .with(Fcntl.F_GETOWN, "F_GETOWN")
                    .with(Fcntl.F_SETSIG, "F_SETSIG")
                    .with(Fcntl.F_GETSIG, "F_GETSIG")
                    .with(Fcntl.F_SETOWN_EX, "F_SETOWN_EX")
                    .with(Fcntl.F_GETOWN_EX, "F_GETOWN_EX")
                    .with(Fcntl.F_OFD_GETLK, "F_OFD_GETLK")
                    .with(Fcntl.F_OFD_SETLK, "F_OFD_SETLK")
                    .with(Fcntl.F_OFD_SETLKW, "F_OFD_SETLKW")
                    .with(Fcntl.F_SETLEASE, "F_SETLEASE")
                    .with(Fcntl.F_GETLEASE, "F_GETLEASE")
                    .with(Fcntl.F_NOTIFY, "F_NOTIFY")
                    .with(Fcntl.F_DUPFD_CLOEXEC, "F_DUPFD_CLOEXEC")
                    .with(Fcntl.F_SETPIPE_SZ, "F_SETPIPE_SZ")
                    .with(Fcntl.F_GETPIPE_SZ, "F_GETPIPE_SZ")
                    .with(Fcntl.F_ADD_SEALS, "F_ADD_SEALS")
                    .with(Fcntl.F_GET_SEALS, "F_GET_SEALS")
                    .family("F_???");

    private static final FlagFormat DESCRIPTOR_FLAGS =
            new FlagFormat("0").with(Fcntl.FD_CLOEXEC, "FD_CLOEXEC");

    private static final NameFormat LOCK_TYPE =
            NameFormat.ofList("F_RDLCK", "F_WRLCK", "F_UNLCK").family("F_???");

    private static final NameFormat LOCK_WHENCE =
            NameFormat.ofList("SEEK_SET", "SEEK_CUR", "SEEK_END").family("SEEK_???");

    /** What fcntl(2) needs for it, behind the command. */
    public static final ArgumentFormat FCNTL_ARGUMENT = new FcntlArgument();

    /** What fcntl(2) gives: flags are shown by name besides. */
    public static final ResultFormat FCNTL_RESULT = DescriptorFormats::appendFcntlResult;

    /** What ioctl(2) is to do. */
    public static final ArgumentFormat IOCTL_REQUEST = DescriptorFormats::appendRequest;

    /** What ioctl(2) needs for it, behind the request. */
    public static final ArgumentFormat IOCTL_ARGUMENT = new IoctlArgument();

    /** What flock(2) is to do. */
    public static final ArgumentFormat FLOCK_OPERATION =
            new FlagFormat("0")
                    .with(1, "LOCK_SH")
                    .with(2, "LOCK_EX")
                    .with(4, "LOCK_NB")
                    .with(8, "LOCK_UN")
                    .family("LOCK_???");

    private DescriptorFormats() {}

    private static final class FcntlArgument implements ArgumentFormat {
        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            int command = arguments.intAt(index - 1);
            int value = arguments.intAt(index);
            switch (command) {
                case Fcntl.F_SETFD -> DESCRIPTOR_FLAGS.append(out, Integer.toUnsignedLong(value));
                case Fcntl.F_SETFL ->
                        FileFormats.OPEN_FLAGS.append(out, Integer.toUnsignedLong(value));
                case Fcntl.F_DUPFD, Fcntl.F_DUPFD_CLOEXEC, Fcntl.F_SETOWN, Fcntl.F_SETPIPE_SZ ->
                        out.append(value);
                case Fcntl.F_GETLK,
                        Fcntl.F_SETLK,
                        Fcntl.F_SETLKW,
                        Fcntl.F_OFD_GETLK,
                        Fcntl.F_OFD_SETLK,
                        Fcntl.F_OFD_SETLKW -> {
                    boolean answered = command == Fcntl.F_GETLK || command == Fcntl.F_OFD_GETLK;
                    StructFormats.appendStruct(
                            out,
                            task,
                            arguments.longAt(index),
                            FLOCK_BYTES,
                            (text, lock) -> appendLock(text, lock, answered));
                }
                default -> Formats.appendHex(out, arguments.longAt(index));
            }
        }

        /** Locks are answered in place, and everything else is a value. */
        @Override
        public boolean isOutput() {
            return true;
        }

        @Override
        public boolean isShown(SyscallArguments arguments, int index) {
            return !COMMANDS_WITHOUT_ARGUMENT.contains(arguments.intAt(index - 1));
        }
    }

    private static void appendLock(StringBuilder out, MemorySegment lock, boolean withOwner) {
        out.append("{l_type=");
        LOCK_TYPE.append(out, lock.get(SHORT, 0));
        out.append(", l_whence=");
        LOCK_WHENCE.append(out, lock.get(SHORT, Short.BYTES));
        out.append(", l_start=").append(lock.get(LONG, L_START));
        out.append(", l_len=").append(lock.get(LONG, L_LEN));
        if (withOwner) {
            out.append(", l_pid=").append(lock.get(INT, L_PID));
        }
        out.append('}');
    }

    private static void appendFcntlResult(
            StringBuilder out, SyscallArguments arguments, long result) {
        switch (arguments.intAt(1)) {
            case Fcntl.F_GETFD -> {
                Formats.appendHex(out, result);
                if (result != 0) {
                    out.append(" (flags ");
                    DESCRIPTOR_FLAGS.append(out, result);
                    out.append(')');
                }
            }
            case Fcntl.F_GETFL -> {
                Formats.appendHex(out, result);
                out.append(" (flags ");
                FileFormats.OPEN_FLAGS.append(out, result);
                out.append(')');
            }
            default -> out.append(result);
        }
    }

    /** A request has its name, or at least its parts as asm-generic/ioctl.h puts them together. */
    private static void appendRequest(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        int request = arguments.intAt(index);
        String name = REQUESTS.get(request);
        if (name != null) {
            out.append(name);
            return;
        }
        out.append("_IOC(");
        out.append(
                switch (request >>> 30) {
                    case 0 -> "_IOC_NONE";
                    case 1 -> "_IOC_WRITE";
                    case 2 -> "_IOC_READ";
                    default -> "_IOC_READ|_IOC_WRITE";
                });
        for (int part : new int[] {request >>> 8 & 0xff, request & 0xff, request >>> 16 & 0x3fff}) {
            out.append(", ");
            Formats.appendHex(out, part);
        }
        out.append(')');
    }

    private static final class IoctlArgument implements ArgumentFormat {
        private static final ArgumentFormat INT_IN =
                StructFormats.in(
                        Integer.BYTES,
                        (out, value) -> out.append('[').append(value.get(INT, 0)).append(']'));

        /** {@code struct winsize} of asm-generic/termios.h. */
        private static final ArgumentFormat WINDOW_SIZE =
                StructFormats.in(
                        4 * Short.BYTES,
                        (out, size) -> {
                            String[] names = {"ws_row", "ws_col", "ws_xpixel", "ws_ypixel"};
                            for (int i = 0; i < names.length; i++) {
                                int value =
                                        Short.toUnsignedInt(
                                                size.get(SHORT, (long) i * Short.BYTES));
                                out.append(i == 0 ? "{" : ", ").append(names[i]);
                                out.append('=').append(value);
                            }
                            out.append('}');
                        });

        @Override
        public void append(
                StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
            ArgumentFormat format =
                    switch (arguments.intAt(index - 1)) {
                        case FIONREAD, TIOCGPGRP, TIOCGSID -> Formats.output(INT_IN);
                        case FIONBIO, TIOCSPGRP -> INT_IN;
                        case TIOCGWINSZ -> Formats.output(WINDOW_SIZE);
                        case TIOCSWINSZ -> WINDOW_SIZE;
                        case TIOCSCTTY -> Formats.INT;
                        default -> Formats.POINTER;
                    };
            format.append(out, task, arguments, index, result);
        }

        @Override
        public boolean isOutput() {
            return true;
        }

        @Override
        public boolean isShown(SyscallArguments arguments, int index) {
            return !REQUESTS_WITHOUT_ARGUMENT.contains(arguments.intAt(index - 1));
        }
    }
}
