package dev.plinth.kernel.fs.pseudofs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.vfs.Caller;

import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** What a file shows, and what writing it does. Any thread may call any method. */
@FunctionalInterface
public interface PseudoContent {
    /**
     * The whole text, as it is now.
     *
     * @throws ErrnoException ESRCH if what it is about is gone
     */
    byte[] read();

    /**
     * Refuses to open the file, beyond what its permissions do.
     *
     * @param caller who opens it
     * @param forWriting whether it is to be written
     * @throws ErrnoException EACCES
     */
    default void checkOpen(Caller caller, boolean forWriting) {}

    /**
     * Takes what a program writes in one call.
     *
     * @param text at most a page
     * @param writer who opened the file
     * @throws ErrnoException EIO if it cannot be written; EINVAL if it makes no sense
     */
    default void write(byte[] text, Caller writer) {
        throw ErrnoException.of(Errno.EIO);
    }

    /** A text of characters below 256. */
    static PseudoContent text(Supplier<String> text) {
        return () -> text.get().getBytes(StandardCharsets.ISO_8859_1);
    }

    /** A text that nobody, not even root, can open for writing. */
    static PseudoContent readOnly(Supplier<String> text) {
        return new PseudoContent() {
            @Override
            public byte[] read() {
                return text.get().getBytes(StandardCharsets.ISO_8859_1);
            }

            @Override
            public void checkOpen(Caller caller, boolean forWriting) {
                if (forWriting) {
                    throw ErrnoException.of(Errno.EACCES);
                }
            }
        };
    }

    /** A text that can be written; the new one comes without its line end. */
    static PseudoContent writable(Supplier<String> text, Consumer<String> change) {
        return new PseudoContent() {
            @Override
            public byte[] read() {
                return text.get().getBytes(StandardCharsets.ISO_8859_1);
            }

            @Override
            public void write(byte[] bytes, Caller writer) {
                change.accept(line(bytes));
            }
        };
    }

    /** What was written, up to the end of the first line. */
    static String line(byte[] bytes) {
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int end = text.indexOf('\n');
        return end < 0 ? text : text.substring(0, end);
    }

    /**
     * What was written as a number, with blanks around it.
     *
     * @throws ErrnoException EINVAL if it is none that an {@code int} holds
     */
    static int number(byte[] bytes) {
        try {
            return Integer.decode(new String(bytes, StandardCharsets.ISO_8859_1).strip());
        } catch (NumberFormatException e) {
            throw ErrnoException.of(Errno.EINVAL);
        }
    }
}
