package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.state.NotSaved;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads the pages of an image in the background, so that those who touch them later need not wait.
 *
 * <p>Pages that are damaged are left to those who touch them.
 */
@NotSaved("each image is read anew")
final class ImageReader implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ImageReader.class);

    private final ImageMemory image;
    private final Thread thread;
    private volatile boolean stopping;

    private ImageReader(ImageMemory image) {
        this.image = requireNonNull(image, "image is null");
        this.thread = Thread.ofPlatform().name("image-reader").daemon().unstarted(this::readAll);
    }

    /** Begins to read. The caller closes it before the image. */
    static ImageReader start(ImageMemory image) {
        ImageReader reader = new ImageReader(image);
        reader.thread.start();
        return reader;
    }

    private void readAll() {
        for (int i = 0; i < image.extents() && !stopping; i++) {
            try {
                image.require(i);
            } catch (SandboxException e) {
                log.warn("pages of the image that were not used yet: {}", e.getMessage());
                return;
            }
        }
    }

    /** Ends it, and waits until it has. */
    @Override
    public void close() {
        stopping = true;
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
