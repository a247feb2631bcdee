package dev.plinth.kernel.image;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

/** An image was written in a format that this version of Plinth does not read any more. */
public final class ImageTooOldException extends SandboxException {
    private static final long serialVersionUID = 1L;

    ImageTooOldException(int version) {
        super(
                ErrorCode.IMAGE_TOO_OLD,
                "the image has format %d, and this Plinth reads %d to %d"
                        .formatted(version, ImageFormat.OLDEST_VERSION, ImageFormat.VERSION),
                "restore it with an older Plinth, and checkpoint it with one in between");
    }
}
