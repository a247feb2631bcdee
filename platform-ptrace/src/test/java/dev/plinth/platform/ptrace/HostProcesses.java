package dev.plinth.platform.ptrace;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/** Looks at the host's processes by way of /proc. */
final class HostProcesses {
    private HostProcesses() {}

    /** The numbers of all processes of a group, zombies included. */
    static List<Integer> inGroup(int group) {
        List<Integer> found = new ArrayList<>();
        for (int pid : all()) {
            String[] stat = stat(pid);
            if (stat.length > 2 && Integer.parseInt(stat[2]) == group) {
                found.add(pid);
            }
        }
        return found;
    }

    /** The group of a process. */
    static int groupOf(int pid) {
        return Integer.parseInt(stat(pid)[2]);
    }

    /** The stub processes, of whatever platform, that nobody owns any more. */
    static List<Integer> orphanedStubs() {
        List<Integer> found = new ArrayList<>();
        for (int pid : all()) {
            String[] stat = stat(pid);
            if (stat.length > 2 && Integer.parseInt(stat[1]) == 1 && isStub(pid)) {
                found.add(pid);
            }
        }
        return found;
    }

    /** The names of a directory in /proc, or nothing if the process is gone. */
    static List<String> list(String directory) {
        List<String> names = new ArrayList<>();
        try (DirectoryStream<Path> entries = Files.newDirectoryStream(Path.of(directory))) {
            for (Path entry : entries) {
                names.add(entry.getFileName().toString());
            }
        } catch (IOException e) {
            return List.of();
        }
        return names;
    }

    /** A file in /proc, or nothing if the process is gone. */
    static String read(String file) {
        try {
            return Files.readString(Path.of(file));
        } catch (NoSuchFileException e) {
            return "";
        } catch (IOException e) {
            // ESRCH: the process ended between open and read.
            return "";
        }
    }

    /** Waits for something that the host does in its own time. */
    static boolean eventually(BooleanSupplier condition) throws InterruptedException {
        for (int i = 0; i < 500; i++) {
            if (condition.getAsBoolean()) {
                return true;
            }
            Thread.sleep(10);
        }
        return false;
    }

    private static boolean isStub(int pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/exe"))
                    .toString()
                    .startsWith("/memfd:plinth-stub");
        } catch (IOException e) {
            return read("/proc/" + pid + "/comm").strip().equals("plinth-stub");
        }
    }

    private static List<Integer> all() {
        List<Integer> pids = new ArrayList<>();
        for (String name : list("/proc")) {
            if (Character.isDigit(name.charAt(0))) {
                pids.add(Integer.parseInt(name));
            }
        }
        return pids;
    }

    /** The fields behind the name: state, parent, group, &hellip; */
    private static String[] stat(int pid) {
        String text = read("/proc/" + pid + "/stat");
        return text.isEmpty()
                ? new String[0]
                : text.substring(text.lastIndexOf(')') + 2).split(" ");
    }
}
