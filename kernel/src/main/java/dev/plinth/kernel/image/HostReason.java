package dev.plinth.kernel.image;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;

/** Why the host did not do something with a file, for people. */
final class HostReason {
    private HostReason() {}

    /** In words of the host where the JDK has put a class of its own in their place. */
    static String of(IOException e) {
        return switch (e) {
            case NoSuchFileException missing -> "No such file or directory";
            case AccessDeniedException denied -> "Permission denied";
            case NotDirectoryException other -> "Not a directory";
            case FileAlreadyExistsException there -> "File exists";
            case FileSystemException failure when failure.getReason() != null ->
                    failure.getReason();
            default -> String.valueOf(e.getMessage());
        };
    }
}
