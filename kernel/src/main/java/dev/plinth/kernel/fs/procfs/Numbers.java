package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.PathName;

import java.util.Optional;

/** Names that are numbers: of processes, threads and descriptors. */
final class Numbers {
    /** More digits than any number here has. */
    private static final int MAX_DIGITS = 9;

    private Numbers() {}

    /** The number that a name is; empty if it is none, or not as this kernel writes it. */
    static Optional<Integer> parse(PathName name) {
        int length = name.length();
        if (length == 0 || length > MAX_DIGITS || (length > 1 && name.byteAt(0) == '0')) {
            return Optional.empty();
        }
        int number = 0;
        for (int i = 0; i < length; i++) {
            int digit = name.byteAt(i) - '0';
            if (digit < 0 || digit > 9) {
                return Optional.empty();
            }
            number = number * 10 + digit;
        }
        return Optional.of(number);
    }
}
