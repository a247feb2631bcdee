package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The story of {@link StoryIT} is believed only if nothing of it is missing. */
final class AccountsTest {
    private static final String IDENTITY = "8 1\n8 2\n8 3\n";
    private static final List<StdioKind> FILES =
            List.of(StdioKind.FILE, StdioKind.FILE, StdioKind.FILE);

    @TempDir private Path temporary;

    private final Accounts accounts = new Accounts();
    private int hops;

    /** A hop's files, with what the script has written to them. */
    private void hop(String in, String out, String err) throws IOException {
        Path directory = Files.createDirectory(temporary.resolve("hop-" + hops++));
        Files.writeString(directory.resolve("0"), in);
        Files.writeString(directory.resolve("1"), out);
        Files.writeString(directory.resolve("2"), err);
        try (StandardStreams streams = StandardStreams.open(new HostOpener(), FILES, directory)) {
            accounts.goOn(streams);
        }
    }

    private void first() throws IOException {
        hop("in 1\n", "out 1\n" + IDENTITY + "out 2\n8 1\n", "err 1\n");
    }

    @Test
    void allOfItIsBelieved() throws IOException {
        first();
        hop("in 2\nin 3\n", "8 2\n8 3\nout 3\n" + IDENTITY + "over\n", "err 2\nerr 3\n");
        accounts.requireEnd(3);
    }

    @Test
    void allOfItOnOneIsBelieved() throws IOException {
        one("out 1\n" + IDENTITY + "err 1\nin 1\nout 2\n8 1\n");
        one("8 2\n8 3\nerr 2\nin 2\nover\n");
        accounts.requireEnd(2);
    }

    private void one(String said) throws IOException {
        Path directory = Files.createDirectory(temporary.resolve("hop-" + hops++));
        Files.writeString(directory.resolve("012"), said);
        try (StandardStreams streams =
                StandardStreams.shared(new HostOpener(), StdioKind.FILE, directory)) {
            accounts.goOn(streams);
        }
    }

    @ParameterizedTest
    @CsvSource({
        // Standard input or error are dead from the second hop on.
        "'', '8 2\n8 3\nout 3\n8 1\n8 2\n8 3\nout 4\n', 'err 2\nerr 3\n'",
        "'in 2\nin 3\n', '8 2\n8 3\nout 3\n8 1\n8 2\n8 3\nout 4\n', ''",
        // A tail is lost; doubled, lost at the beginning, ahead of what is said before it.
        "'in 2\nin 3\n', '8 2\n8 3\nout 3\n8 1\n8 2\n8 3\nover\n', 'err 2\n'",
        "'in 2\nin 3\n', '8 2\n8 3\nout 3\n8 1\n8 2\n8 3\n', 'err 2\nerr 2\nerr 3\n'",
        "'in 3\n', '8 2\n8 3\nout 3\n8 1\n8 2\n8 3\n', 'err 2\nerr 3\n'",
        "'in 2\nin 3\nin 4\n', '8 2\n8 3\nout 3\n8 1\n8 2\n8 3\n', 'err 2\nerr 3\n'",
    })
    void whatIsNotInStepIsNot(String in, String out, String err) throws IOException {
        first();
        assertThrows(AssertionError.class, () -> hop(in, out, err));
    }

    @ParameterizedTest
    @CsvSource({
        // No end; a tail lost on all; another identity; an error that nobody expects.
        "'8 2\n8 3\nout 3\n8 1\n8 2\n8 3\n', 'err 2\nerr 3\n', 3",
        "'8 2\n8 3\nout 3\n8 1\n8 2\n8 3\nover\n', 'err 2\nerr 3\n', 4",
        "'8 2\n8 3\nout 3\n8 1\n8 2\n8 4\nover\n', 'err 2\nerr 3\n', 3",
        "'8 2\n8 3\nout 3\n8 1\n8 2\n8 3\nover\n', 'err 2\nstat: no\nerr 3\n', 3",
    })
    void whatHasAnotherEndIsNot(String out, String err, int count) throws IOException {
        first();
        hop("in 2\nin 3\n", out, err);
        assertThrows(AssertionError.class, () -> accounts.requireEnd(count));
    }

    @Test
    void whatIsOutOfOrderOnOneIsNot() {
        assertThrows(
                AssertionError.class,
                () -> one("out 1\n" + IDENTITY + "in 1\nerr 1\nout 2\n" + IDENTITY));
    }
}
