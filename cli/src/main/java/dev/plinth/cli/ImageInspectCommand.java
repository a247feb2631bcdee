package dev.plinth.cli;

import dev.plinth.kernel.checkpoint.ImageContents;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.image.Image;

import org.apache.commons.cli.Options;

/** {@code plinth image inspect}: what is in an image. */
final class ImageInspectCommand implements Command {
    @Override
    public String name() {
        return "image inspect";
    }

    @Override
    public String summary() {
        return "Show what is in an image: tasks, memory, descriptors, what it needs";
    }

    @Override
    public String synopsis() {
        return "[OPTION]... DIR";
    }

    @Override
    public Options options() {
        return new Options().addOption(CommonOptions.FORMAT);
    }

    @Override
    public String notes() {
        return """
        Nothing is restored or run. The pages of memory are not read; 'plinth image
        verify' does that.

        Example:
          plinth image inspect --format json job.image
        """;
    }

    @Override
    public boolean takesOptionsAnywhere() {
        return true;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return 1;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        OutputFormat format = OutputFormat.of(arguments, OutputFormat.TABLE, OutputFormat.JSON);
        try (Image image = Image.open(arguments.onlyPath("the directory of an image"))) {
            ImageContents contents = ImageContents.of(image);
            console.out()
                    .print(
                            format == OutputFormat.JSON
                                    ? ImagePage.json(image, contents)
                                    : ImagePage.text(image, contents));
            return 0;
        }
    }
}
