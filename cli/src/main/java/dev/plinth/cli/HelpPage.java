package dev.plinth.cli;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.ArrayList;
import java.util.List;

/** Help texts, in lines of at most 80 columns. */
final class HelpPage {
    private static final int WIDTH = 80;

    /** Where the explanation of an option begins. */
    private static final int EXPLANATION_COLUMN = 26;

    private HelpPage() {}

    /** The help of one command. */
    static String of(Command command, Options options) {
        StringBuilder page = new StringBuilder();
        page.append("Usage: plinth ").append(command.name());
        page.append(' ').append(command.synopsis()).append('\n');
        page.append(command.summary()).append(".\n\nOptions:\n");
        for (Option option : options.getOptions()) {
            appendOption(page, option);
        }
        if (!command.notes().isEmpty()) {
            page.append('\n').append(command.notes());
        }
        return page.toString();
    }

    /** The help of the whole. */
    static String of(List<Command> commands, Options options) {
        StringBuilder page = new StringBuilder();
        page.append("Usage: plinth COMMAND [OPTION]... [ARG]...\n");
        page.append("Runs Linux programs in a sandbox whose kernel is written in Java.\n");
        page.append("\nCommands:\n");
        commands.stream()
                .filter(Command::isForUsers)
                .forEach(command -> appendEntry(page, "  " + command.name(), command.summary()));
        page.append("\nOptions:\n");
        for (Option option : options.getOptions()) {
            appendOption(page, option);
        }
        page.append("\n'plinth COMMAND --help' tells more, with an example.\n");
        return page.toString();
    }

    private static void appendOption(StringBuilder page, Option option) {
        String head = option.getOpt() == null ? "      " : "  -" + option.getOpt() + ", ";
        String value = option.hasArg() ? " " + option.getArgName() : "";
        appendEntry(page, head + "--" + option.getLongOpt() + value, option.getDescription());
    }

    private static void appendEntry(StringBuilder page, String head, String explanation) {
        page.append(head);
        int column = head.length();
        if (column > EXPLANATION_COLUMN - 2) {
            page.append('\n');
            column = 0;
        }
        for (String line : wrap(explanation, WIDTH - EXPLANATION_COLUMN)) {
            page.append(" ".repeat(EXPLANATION_COLUMN - column)).append(line).append('\n');
            column = 0;
        }
    }

    private static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : text.split(" ", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }
}
