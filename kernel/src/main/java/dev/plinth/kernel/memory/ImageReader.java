package dev.plinth.kernel.memory;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
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

    private static final long SYS_SETPRIORITY = 141;
    private static final long SYS_IOPRIO_SET = 251;
    private static final long PRIO_PROCESS = 0;
    private static final long NICEST = 19;
    private static final long IOPRIO_WHO_PROCESS = 1;
    private static final long IOPRIO_CLASS_IDLE = 3 << 13;

    private final HostKernel host;
    private final ImageMemory image;
    private final Thread thread;
    private volatile boolean stopping;

    private ImageReader(HostKernel host, ImageMemory image) {
        this.host = requireNonNull(host, "host is null");
        this.image = requireNonNull(image, "image is null");
        this.thread = Thread.ofPlatform().name("image-reader").daemon().unstarted(this::readAll);
    }

    /** Begins to read. The caller closes it before the image. */
    static ImageReader start(HostKernel host, ImageMemory image) {
        ImageReader reader = new ImageReader(host, image);
        reader.thread.start();
        return reader;
    }

    private void readAll() {
        giveWay();
        for (int i = 0; i < image.extents() && !stopping; i++) {
            try {
                image.require(i);
            } catch (SandboxException e) {
                log.warn("pages of the image that were not used yet: {}", e.getMessage());
                return;
            }
        }
    }

    /** Uses what nobody else does of processors and disks. Zero stands for the calling thread. */
    private void giveWay() {
        long nice = host.syscall(SYS_SETPRIORITY, PRIO_PROCESS, 0, NICEST);
        long idle = host.syscall(SYS_IOPRIO_SET, IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_IDLE);
        if (Errno.isError(nice) || Errno.isError(idle)) {
            log.debug("the image is read like everything else: {}, {}", nice, idle);
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
