package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

final class ArgumentsTest {
    private static final Option PLATFORM = CommonOptions.withValue("platform", "NAME", "");
    private static final Option ENV = CommonOptions.withValue("env", "NAME", "");
    private static final Option STRACE = Option.builder().longOpt("strace").get();

    private static Arguments parse(String... words) {
        Options options = new Options().addOption(PLATFORM).addOption(ENV).addOption(STRACE);
        return Arguments.parse(options, List.of(words));
    }

    @Test
    void optionsComeBeforeOperands() {
        Arguments arguments = parse("--strace", "--platform", "kvm", "ls", "-l");
        assertTrue(arguments.has(STRACE));
        assertEquals(Optional.of("kvm"), arguments.value(PLATFORM));
        assertEquals(List.of("ls", "-l"), arguments.operands());
    }

    @Test
    void aValueMayFollowAnEqualsSign() {
        assertEquals(Optional.of("a=b"), parse("--env=a=b").value(ENV));
        assertEquals(Optional.of(""), parse("--env=").value(ENV));
    }

    @Test
    void optionsOfTheProgramAreItsOwn() {
        Arguments arguments = parse("ls", "--strace", "--platform");
        assertFalse(arguments.has(STRACE));
        assertEquals(List.of("ls", "--strace", "--platform"), arguments.operands());
    }

    @Test
    void twoDashesEndTheOptions() {
        assertEquals(List.of("--strace", "-x"), parse("--", "--strace", "-x").operands());
        assertEquals(List.of(), parse("--strace", "--").operands());
    }

    @Test
    void twoDashesBehindTheProgramAreItsOwn() {
        assertEquals(List.of("sh", "--", "x"), parse("sh", "--", "x").operands());
        assertEquals(List.of("sh", "--", "x"), parse("--", "sh", "--", "x").operands());
        assertEquals(List.of("--", "x"), parse("--", "--", "x").operands());
    }

    @Test
    void wordsStayAsTheyAre() {
        assertEquals(
                List.of("", " ", "\"quoted\"", "-"), parse("", " ", "\"quoted\"", "-").operands());
        assertEquals(Optional.of("A='x y'"), parse("--env", "A='x y'").value(ENV));
    }

    @Test
    void ofAValueGivenTwiceTheLastCountsUnlessAllDo() {
        Arguments arguments =
                parse("--env", "A=1", "--platform", "a", "--env", "B", "--platform=b");
        assertEquals(Optional.of("b"), arguments.value(PLATFORM));
        assertEquals(List.of("A=1", "B"), arguments.values(ENV).toList());
    }

    @Test
    void anUnknownOptionIsRefused() {
        assertEquals("unknown option --bogus", refusal("--bogus"));
        assertEquals("unknown option --bogus=x", refusal("--bogus=x", "ls"));
        assertEquals("unknown option -x", refusal("--strace", "-x", "--", "ls"));
    }

    /** Scripts that rely on a short form would break when a second option begins like it. */
    @Test
    void optionsAreNotShortened() {
        assertEquals("unknown option --stra", refusal("--stra"));
    }

    @Test
    void anOptionWithoutItsValueIsRefused() {
        assertEquals("option --platform needs a value", refusal("--platform"));
        assertEquals("option --platform needs a value", refusal("--platform", "--", "ls"));
        assertEquals("option --platform needs a value", refusal("--platform", "--strace", "ls"));
    }

    @Test
    void operandsAreRefusedWhereThereMustBeNone() {
        Arguments arguments = parse("extra");
        UsageException e = assertThrows(UsageException.class, arguments::requireNoOperands);
        assertEquals("unexpected argument 'extra'", e.getMessage());
    }

    private static String refusal(String... words) {
        return assertThrows(UsageException.class, () -> parse(words)).getMessage();
    }
}
