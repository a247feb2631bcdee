package dev.plinth.kernel.image;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

/** An image, or a file of it, is not what was written. */
public final class ImageCorruptException extends SandboxException {
    private static final long serialVersionUID = 1L;

    /**
     * Says what is wrong.
     *
     * @param file at fault, a name within the image
     */
    public ImageCorruptException(String file, String what) {
        this(file, what, null);
    }

    /**
     * Says what is wrong.
     *
     * @param file at fault, a name within the image
     * @param cause what was thrown by whoever found out; null if nothing was
     */
    public ImageCorruptException(String file, String what, Throwable cause) {
        super(
                ErrorCode.IMAGE_CORRUPT,
                "the image's " + file + " is damaged: " + what,
                "use another copy of the image; 'plinth image verify' tells whether it is whole",
                cause);
    }
}
