package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import org.apache.commons.cli.CommandLine;
import org.apache.commons.cli.DefaultParser;
import org.apache.commons.cli.MissingArgumentException;
import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;
import org.apache.commons.cli.ParseException;
import org.apache.commons.cli.UnrecognizedOptionException;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What follows a command's name: options, then operands. Immutable.
 *
 * <p>The first word that is no option, or {@code --}, ends the options, so that those of a program
 * to be run are its own.
 */
final class Arguments {
    private static final String END_OF_OPTIONS = "--";

    private final List<String> words;
    private final CommandLine options;
    private final List<String> operands;

    private Arguments(List<String> words, CommandLine options, List<String> operands) {
        this.words = List.copyOf(words);
        this.options = requireNonNull(options, "options is null");
        this.operands = List.copyOf(operands);
    }

    /**
     * Takes words apart.
     *
     * @throws UsageException if there is an unknown option, or one without the value that it takes
     */
    static Arguments parse(Options known, List<String> words) {
        int end = words.indexOf(END_OF_OPTIONS);
        List<String> before = end < 0 ? words : words.subList(0, end);
        CommandLine line = parseOptions(known, before, true);
        List<String> operands = new ArrayList<>(line.getArgList());
        if (!operands.isEmpty() && isOption(operands.getFirst())) {
            throw new UsageException("unknown option " + operands.getFirst());
        }
        if (end >= 0) {
            // Behind a program it is one of the program's own arguments.
            int from = operands.isEmpty() ? end + 1 : end;
            operands.addAll(words.subList(from, words.size()));
        }
        return new Arguments(words, line, operands);
    }

    /**
     * Takes words apart, where options may also stand behind operands.
     *
     * @throws UsageException if there is an unknown option, or one without the value that it takes
     */
    static Arguments parseAll(Options known, List<String> words) {
        CommandLine line = parseOptions(known, words, false);
        return new Arguments(words, line, line.getArgList());
    }

    private static CommandLine parseOptions(
            Options known, List<String> words, boolean upToOperand) {
        DefaultParser parser =
                DefaultParser.builder()
                        .setAllowPartialMatching(false)
                        .setStripLeadingAndTrailingQuotes(false)
                        .get();
        try {
            return parser.parse(known, words.toArray(String[]::new), upToOperand);
        } catch (MissingArgumentException e) {
            throw new UsageException("option " + name(e.getOption()) + " needs a value");
        } catch (UnrecognizedOptionException e) {
            throw new UsageException("unknown option " + e.getOption());
        } catch (ParseException e) {
            throw new UsageException(e.getMessage());
        }
    }

    private static boolean isOption(String word) {
        return word.length() > 1 && word.startsWith("-");
    }

    /** An option as a user writes it. */
    static String name(Option option) {
        return option.hasLongOpt() ? "--" + option.getLongOpt() : "-" + option.getOpt();
    }

    /** All of them, as they were given. */
    List<String> words() {
        return words;
    }

    /** Whether an option is there. */
    boolean has(Option option) {
        return options.hasOption(option);
    }

    /** The value of an option; of several the last counts. */
    Optional<String> value(Option option) {
        return values(option).reduce((first, last) -> last);
    }

    /** The values of an option that may be given more than once, in their order. */
    Stream<String> values(Option option) {
        String[] values = options.getOptionValues(option);
        return values == null ? Stream.empty() : Arrays.stream(values);
    }

    /** What follows the options. */
    List<String> operands() {
        return operands;
    }

    /**
     * Makes sure that nothing follows the options.
     *
     * @throws UsageException if something does
     */
    void requireNoOperands() {
        if (!operands.isEmpty()) {
            throw new UsageException("unexpected argument '" + operands.getFirst() + "'");
        }
    }

    /**
     * The one operand, as a path.
     *
     * @param what it is, for the user
     * @throws UsageException if there is none, more than one, or it is no path
     */
    Path onlyPath(String what) {
        if (operands.isEmpty()) {
            throw new UsageException("name " + what);
        }
        if (operands.size() > 1) {
            throw new UsageException("unexpected argument '" + operands.get(1) + "'");
        }
        try {
            return Path.of(operands.getFirst());
        } catch (InvalidPathException e) {
            throw new UsageException(e.getMessage());
        }
    }
}
