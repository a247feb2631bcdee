package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.List;

/**
 * What is run outside and inside, and has to do the same.
 *
 * @param file name of the source file, without its suffix; or {@code userland}
 * @param name of the case in the file, or of the script
 * @param variant how the program is linked, where the usual way is not the only one; else empty
 * @param command the program and its arguments
 * @param limit how long it may take in a sandbox
 */
record OracleCase(String file, String name, String variant, List<String> command, Duration limit) {
    OracleCase {
        requireNonNull(file, "file is null");
        requireNonNull(name, "name is null");
        requireNonNull(variant, "variant is null");
        command = List.copyOf(command);
        requireNonNull(limit, "limit is null");
    }

    /** Names the case in all its variants, as {@code differences.txt} does. */
    String id() {
        return file + "/" + name;
    }

    @Override
    public String toString() {
        return variant.isEmpty() ? id() : id() + " (" + variant + ")";
    }
}
