package dev.plinth.cli.control;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * A process of the host, told apart from a later one of its number by when it began.
 *
 * @param pid its number
 * @param startTicks {@code starttime} of proc_pid_stat(5)
 */
public record HostProcess(long pid, long startTicks) {
    /** Where the fields begin that follow the name; {@code state} is the first. */
    private static final int FIELD_STATE = 0;

    private static final int FIELD_STARTTIME = 19;

    /** A line of {@code /proc/PID/status}: real, effective, saved and file system user. */
    private static final String USERS = "Uid:";

    private static final int FIELD_EFFECTIVE = 2;

    /** This process. */
    public static HostProcess current() {
        return of(ProcessHandle.current().pid());
    }

    /** A process that lives. */
    static HostProcess of(long pid) {
        return new HostProcess(
                pid,
                startTicks(pid)
                        .orElseThrow(
                                () -> new IllegalStateException("/proc has no process " + pid)));
    }

    /** Whether it lives; one that has ended and was not waited for does not. */
    public boolean isAlive() {
        OptionalLong found = startTicks(pid);
        return found.isPresent() && found.getAsLong() == startTicks;
    }

    /** The user that it acts as; empty if it does not live. */
    public OptionalInt effectiveUser() {
        Optional<String> users;
        try (Stream<String> lines =
                Files.lines(Path.of("/proc/" + pid + "/status"), StandardCharsets.ISO_8859_1)) {
            users = lines.filter(line -> line.startsWith(USERS)).findFirst();
        } catch (IOException | UncheckedIOException e) {
            // There is no such process, or none any more.
            return OptionalInt.empty();
        }
        // What was read is of this process if it lives still.
        return users.isPresent() && isAlive()
                ? OptionalInt.of(
                        Integer.parseUnsignedInt(users.get().split("\\s+", -1)[FIELD_EFFECTIVE]))
                : OptionalInt.empty();
    }

    private static OptionalLong startTicks(long pid) {
        String stat;
        try {
            stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            // There is no such process; one that ends while it is read fails likewise.
            return OptionalLong.empty();
        }
        // The name may contain spaces and parentheses.
        List<String> fields =
                List.of(stat.substring(stat.lastIndexOf(')') + 2).strip().split(" ", -1));
        String state = fields.get(FIELD_STATE);
        return state.equals("Z") || state.equals("X")
                ? OptionalLong.empty()
                : OptionalLong.of(Long.parseLong(fields.get(FIELD_STARTTIME)));
    }
}
