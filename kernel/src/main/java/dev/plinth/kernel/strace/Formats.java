package dev.plinth.kernel.strace;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.ResultFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

import java.util.HexFormat;
import java.util.Optional;
import java.util.function.Predicate;

/** How the common kinds of argument are shown. */
public final class Formats {
    /** How many bytes of a buffer are shown, as strace(1) does by default. */
    static final int SHOWN_BYTES = 32;

    /** More of a path is not shown. */
    private static final int SHOWN_PATH_BYTES = 4096;

    private static final int AT_FDCWD = -100;

    /** A signed 32-bit number. */
    public static final ArgumentFormat INT =
            (out, task, arguments, index, result) -> out.append(arguments.intAt(index));

    /** An unsigned 32-bit number. */
    public static final ArgumentFormat UNSIGNED =
            (out, task, arguments, index, result) ->
                    out.append(Integer.toUnsignedString(arguments.intAt(index)));

    /** An unsigned 64-bit number: a size or a count. */
    public static final ArgumentFormat SIZE =
            (out, task, arguments, index, result) ->
                    out.append(Long.toUnsignedString(arguments.longAt(index)));

    /** A signed 64-bit number: an offset. */
    public static final ArgumentFormat OFFSET =
            (out, task, arguments, index, result) -> out.append(arguments.longAt(index));

    /** An address, or anything else that is best shown in hexadecimal. */
    public static final ArgumentFormat POINTER =
            (out, task, arguments, index, result) -> appendPointer(out, arguments.longAt(index));

    /** A descriptor. */
    public static final ArgumentFormat FD = INT;

    /** The directory that a relative path starts from. */
    public static final ArgumentFormat DIR_FD =
            (out, task, arguments, index, result) -> {
                int fd = arguments.intAt(index);
                if (fd == AT_FDCWD) {
                    out.append("AT_FDCWD");
                } else {
                    out.append(fd);
                }
            };

    /** Permissions, in octal. */
    public static final ArgumentFormat MODE =
            (out, task, arguments, index, result) -> appendMode(out, arguments.intAt(index));

    /** Permissions as a result. */
    public static final ResultFormat MODE_RESULT =
            (out, arguments, result) -> appendMode(out, (int) result);

    /** A number that is best shown in hexadecimal, but may be zero: an offset, a set of bits. */
    public static final ArgumentFormat HEX =
            (out, task, arguments, index, result) -> appendHex(out, arguments.longAt(index));

    /** The address of a string that the call reads, such as a path. */
    public static final ArgumentFormat PATH =
            (out, task, arguments, index, result) ->
                    appendString(out, task, arguments.longAt(index));

    /** The address of a string that the call fills in, with its zero byte. */
    public static final ArgumentFormat PATH_OUT = output(PATH);

    private Formats() {}

    /**
     * The address of bytes that the call reads.
     *
     * @param sizeIndex the argument that holds their number
     */
    public static ArgumentFormat bytesIn(int sizeIndex) {
        return (out, task, arguments, index, result) ->
                appendBytes(out, task, arguments.longAt(index), arguments.longAt(sizeIndex));
    }

    /** The address of bytes that the call fills in; its result is their number. */
    public static final ArgumentFormat BYTES_OUT =
            output((out, task, arguments, index, result) ->
                    appendBytes(out, task, arguments.longAt(index), result));

    /** The address of random bytes that the call fills in: none of them is text. */
    public static final ArgumentFormat RANDOM_OUT =
            output((out, task, arguments, index, result) ->
                    appendRandom(out, task, arguments.longAt(index), result));

    /** A format for an argument that is there only if those before it say so. */
    public static ArgumentFormat shownIf(
            Predicate<SyscallArguments> condition, ArgumentFormat format) {
        return new ArgumentFormat() {
            @Override
            public void append(
                    StringBuilder out,
                    Task task,
                    SyscallArguments arguments,
                    int index,
                    long result) {
                format.append(out, task, arguments, index, result);
            }

            @Override
            public boolean isOutput() {
                return format.isOutput();
            }

            @Override
            public boolean isShown(SyscallArguments arguments, int index) {
                return condition.test(arguments);
            }
        };
    }

    /** A format for what the call fills in: the address alone if the call failed. */
    static ArgumentFormat output(ArgumentFormat format) {
        return new ArgumentFormat() {
            @Override
            public void append(
                    StringBuilder out,
                    Task task,
                    SyscallArguments arguments,
                    int index,
                    long result) {
                if (Errno.isError(result)) {
                    appendPointer(out, arguments.longAt(index));
                } else {
                    format.append(out, task, arguments, index, result);
                }
            }

            @Override
            public boolean isOutput() {
                return true;
            }
        };
    }

    static void appendMode(StringBuilder out, int mode) {
        String octal = Integer.toOctalString(mode);
        out.append(octal.length() < 3 ? "0".repeat(3 - octal.length()) : "0").append(octal);
    }

    static void appendHex(StringBuilder out, long value) {
        if (value == 0) {
            out.append('0');
        } else {
            out.append("0x").append(Long.toHexString(value));
        }
    }

    static void appendPointer(StringBuilder out, long address) {
        if (address == 0) {
            out.append("NULL");
        } else {
            out.append("0x").append(Long.toHexString(address));
        }
    }

    static void appendString(StringBuilder out, Task task, long address) {
        if (address == 0) {
            out.append("NULL");
            return;
        }
        try {
            Optional<byte[]> string = task.guestMemory().readString(address, SHOWN_PATH_BYTES);
            if (string.isEmpty()) {
                appendPointer(out, address);
            } else {
                appendQuoted(out, string.get(), string.get().length);
            }
        } catch (ErrnoException e) {
            appendPointer(out, address);
        }
    }

    static void appendBytes(StringBuilder out, Task task, long address, long size) {
        if (address == 0) {
            out.append("NULL");
            return;
        }
        int shown = (int) Math.min(SHOWN_BYTES, Math.max(0, size));
        try {
            appendQuoted(out, task.guestMemory().copyIn(address, shown), size);
        } catch (ErrnoException e) {
            appendPointer(out, address);
        }
    }

    private static void appendRandom(StringBuilder out, Task task, long address, long size) {
        int shown = (int) Math.min(SHOWN_BYTES, size);
        try {
            out.append('"');
            for (byte value : task.guestMemory().copyIn(address, shown)) {
                out.append("\\x").append(HexFormat.of().toHexDigits(value));
            }
            out.append(shown < size ? "\"..." : "\"");
        } catch (ErrnoException e) {
            out.setLength(out.length() - 1);
            appendPointer(out, address);
        }
    }

    /**
     * Appends bytes in the form of a C string literal.
     *
     * @param size of the whole, of which {@code bytes} may be the beginning
     */
    static void appendQuoted(StringBuilder out, byte[] bytes, long size) {
        out.append('"');
        for (int i = 0; i < bytes.length; i++) {
            int value = bytes[i] & 0xff;
            switch (value) {
                case '\n' -> out.append("\\n");
                case '\t' -> out.append("\\t");
                case '\r' -> out.append("\\r");
                case '\f' -> out.append("\\f");
                case 0x0b -> out.append("\\v");
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (value >= ' ' && value < 0x7f) {
                        out.append((char) value);
                    } else {
                        boolean digitFollows =
                                i + 1 < bytes.length && bytes[i + 1] >= '0' && bytes[i + 1] <= '7';
                        out.append('\\').append(octal(value, digitFollows));
                    }
                }
            }
        }
        out.append('"');
        if (bytes.length < size) {
            out.append("...");
        }
    }

    private static String octal(int value, boolean digitFollows) {
        String digits = Integer.toOctalString(value);
        return digitFollows ? "0".repeat(3 - digits.length()) + digits : digits;
    }
}
