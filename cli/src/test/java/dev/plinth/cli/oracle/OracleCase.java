package dev.plinth.cli.oracle;

import static java.util.Objects.requireNonNull;

import java.nio.file.Path;

/**
 * A case of the oracle.
 *
 * @param file name of the source file, without its suffix
 * @param name of the case in the file
 * @param linked how the program is linked
 * @param program compiled from the file
 */
record OracleCase(String file, String name, OracleSource.Linked linked, Path program) {
    OracleCase {
        requireNonNull(file, "file is null");
        requireNonNull(name, "name is null");
        requireNonNull(linked, "linked is null");
        requireNonNull(program, "program is null");
    }

    /** Names the case however it is linked, as {@code differences.txt} does. */
    String id() {
        return file + "/" + name;
    }

    @Override
    public String toString() {
        return linked == OracleSource.Linked.STATIC ? id() : id() + " (" + linked.word() + ")";
    }
}
