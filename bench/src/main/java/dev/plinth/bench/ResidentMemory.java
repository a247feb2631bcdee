package dev.plinth.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** How much memory processes have, shared pages counted in parts ({@code Pss} of proc(5)). */
final class ResidentMemory {
    private static final double KIBIBYTES_PER_MEBIBYTE = 1024;

    private ResidentMemory() {}

    /**
     * The memory of all processes that have one of the names on their command line, and of their
     * descendants.
     */
    static double mebibytesOf(List<String> names) {
        Set<Long> processes = new HashSet<>();
        ProcessHandle.allProcesses()
                .filter(process -> names.stream().anyMatch(name -> isNamed(process, name)))
                .forEach(process -> {
                    processes.add(process.pid());
                    process.descendants().forEach(each -> processes.add(each.pid()));
                });
        return processes.stream().mapToLong(ResidentMemory::kibibytes).sum()
                / KIBIBYTES_PER_MEBIBYTE;
    }

    private static boolean isNamed(ProcessHandle process, String name) {
        return process.info()
                .arguments()
                .filter(words -> List.of(words).contains(name))
                .isPresent();
    }

    private static long kibibytes(long process) {
        try {
            return Files.readAllLines(Path.of("/proc/" + process + "/smaps_rollup")).stream()
                    .filter(line -> line.startsWith("Pss:"))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .sum();
        } catch (NoSuchFileException e) {
            // It has ended.
            return 0;
        } catch (IOException e) {
            throw new BenchException("cannot read the memory of process " + process + ": " + e);
        }
    }
}
