package dev.plinth.cli;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** How a list is printed. */
enum OutputFormat {
    TABLE,
    JSON,
    MARKDOWN;

    /**
     * The format that is asked for; the first of those offered if none is.
     *
     * @throws UsageException if it is not offered
     */
    static OutputFormat of(Arguments arguments, OutputFormat... offered) {
        String name = arguments.value(CommonOptions.FORMAT).orElse(offered[0].word());
        return Arrays.stream(offered)
                .filter(format -> format.word().equals(name))
                .findFirst()
                .orElseThrow(() ->
                        new UsageException(
                                "there is no format '%s'; choose one of: %s"
                                        .formatted(name, words(List.of(offered)))));
    }

    private static String words(List<OutputFormat> formats) {
        return formats.stream().map(OutputFormat::word).collect(Collectors.joining(", "));
    }

    private String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
