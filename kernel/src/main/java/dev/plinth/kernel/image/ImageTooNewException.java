package dev.plinth.kernel.image;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

/** An image was written in a format that this version of Plinth does not know yet. */
public final class ImageTooNewException extends SandboxException {
    private static final long serialVersionUID = 1L;

    ImageTooNewException(int version) {
        super(
                ErrorCode.IMAGE_TOO_NEW,
                "the image has format %d, and this Plinth reads %d to %d"
                        .formatted(version, ImageFormat.OLDEST_VERSION, ImageFormat.VERSION),
                "restore it with a newer Plinth");
    }
}
