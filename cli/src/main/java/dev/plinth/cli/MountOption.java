package dev.plinth.cli;

import dev.plinth.kernel.boot.SandboxSpec.HostMount;

import java.nio.file.Path;
import java.util.List;

/** The value of {@code --mount}: {@code SOURCE:DESTINATION[:ro|rw]}. */
final class MountOption {
    private MountOption() {}

    /**
     * Reads a value. Without a mode the mount is read-only: to let a guest change the host takes
     * two letters.
     *
     * @throws UsageException if it makes no sense
     */
    static HostMount parse(String value) {
        List<String> parts = List.of(value.split(":", -1));
        if (parts.size() < 2 || parts.size() > 3 || parts.get(0).isEmpty()) {
            throw new UsageException(
                    "--mount '" + value + "' is not of the form SOURCE:DESTINATION[:ro|rw]");
        }
        String destination = parts.get(1);
        if (!destination.startsWith("/")) {
            throw new UsageException(
                    "--mount '" + value + "': the destination is not an absolute path");
        }
        boolean writable = parts.size() == 3 && isWritable(value, parts.get(2));
        return new HostMount(Path.of(parts.get(0)).toAbsolutePath(), destination, writable);
    }

    private static boolean isWritable(String value, String mode) {
        return switch (mode) {
            case "ro" -> false;
            case "rw" -> true;
            default ->
                    throw new UsageException(
                            "--mount '" + value + "': the mode is neither ro nor rw");
        };
    }
}
