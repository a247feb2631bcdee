package dev.plinth.cli;

import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.image.Image;

import org.apache.commons.cli.Options;

/** {@code plinth image verify}: whether an image is what a checkpoint wrote. */
final class ImageVerifyCommand implements Command {
    @Override
    public String name() {
        return "image verify";
    }

    @Override
    public String summary() {
        return "Read every byte of an image, and tell whether it is whole";
    }

    @Override
    public String synopsis() {
        return "DIR";
    }

    @Override
    public Options options() {
        return new Options();
    }

    @Override
    public String notes() {
        return """
        A restore checks the pages of memory when they are touched; this checks all
        of them. The exit status is 0 if the image is whole.

        Example:
          plinth image verify job.image
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
        try (Image image = Image.open(arguments.onlyPath("the directory of an image"))) {
            long pages = image.pageIndex().pages();
            try (ProgressLine progress =
                    ProgressLine.start(console, "verify", pages * Pages.SIZE)) {
                image.verify(read -> progress.add(read * Pages.SIZE));
            }
            console.out().print("%s: whole, %d pages\n".formatted(image.directory(), pages));
            return 0;
        }
    }
}
