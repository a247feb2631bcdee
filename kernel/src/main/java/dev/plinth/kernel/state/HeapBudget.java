package dev.plinth.kernel.state;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

/**
 * How much of the heap an image may fill, reckoned before it is filled: a small image can describe
 * very much, and a heap that is full harms every sandbox of the process. Confined to one thread.
 */
public final class HeapBudget {
    /** The other half is for what is made of the messages, beyond what is reckoned of it. */
    private static final int SHARE = 2;

    private final long bytes;
    private long taken;

    /** A budget of so many bytes. */
    public HeapBudget(long bytes) {
        this.bytes = bytes;
    }

    /** A share of the heap that this process may have. */
    public static HeapBudget ofThisProcess() {
        return new HeapBudget(Runtime.getRuntime().maxMemory() / SHARE);
    }

    /** What is left of it, in bytes. */
    long left() {
        return bytes - taken;
    }

    /**
     * Reckons with something that is about to be made.
     *
     * @param size about how many bytes it takes
     * @throws SandboxException IMAGE_UNSUITABLE if there is not so much left
     */
    public void take(long size) {
        if (size > left()) {
            throw tooLarge("it needs more than %d MiB".formatted(bytes >> 20), null);
        }
        taken += size;
    }

    /**
     * The last resort, for what was not reckoned with: the heap is full.
     *
     * @param cause which leaves the heap usable, once all that was made of the image is given up
     */
    public static SandboxException exhausted(OutOfMemoryError cause) {
        return tooLarge(String.valueOf(cause.getMessage()), cause);
    }

    private static SandboxException tooLarge(String detail, Throwable cause) {
        return new SandboxException(
                ErrorCode.IMAGE_UNSUITABLE,
                "the image is too large for the heap of this Java: " + detail,
                "if you trust the image, give Java a larger heap: JDK_JAVA_OPTIONS=-Xmx8g",
                cause);
    }
}
