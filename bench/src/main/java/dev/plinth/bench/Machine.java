package dev.plinth.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;

/**
 * What the figures depend on, as far as it is nobody's secret: no names.
 *
 * @param date of the run
 * @param processors how many, and of what model
 * @param linux release of the kernel
 * @param java version
 */
record Machine(String date, String processors, String linux, String java) {
    static Machine ofRun() {
        int count = Runtime.getRuntime().availableProcessors();
        return new Machine(
                LocalDate.now(ZoneOffset.UTC).toString(),
                count + " × " + model(),
                System.getProperty("os.version"),
                Runtime.version().toString());
    }

    private static String model() {
        try {
            return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                    .filter(line -> line.startsWith("model name"))
                    .findFirst()
                    .map(line -> line.substring(line.indexOf(':') + 1).strip())
                    .orElse("unknown");
        } catch (IOException e) {
            throw new UncheckedIOException("/proc/cpuinfo cannot be read", e);
        }
    }
}
