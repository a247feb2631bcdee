package dev.plinth.cli.checkpoint;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Runs cases on the host's Linux, where nothing is checkpointed. */
final class Natively {
    /** What is done to the processes of a case while it waits at its gate. */
    enum Instead {
        NOTHING,
        STOP_AND_CONTINUE,
    }

    private static final long LIMIT_SECONDS = 60;
    private static final long STOPPED_MILLIS = 20;

    private Natively() {}

    /**
     * Runs a case to its end.
     *
     * @param directory that exists and is empty
     * @return what it printed but for what it prints at the gate, and how it ended; empty if
     *     nothing was wrong
     */
    static String run(SavedCase savedCase, Instead instead, Path directory)
            throws IOException, InterruptedException {
        Path output = Files.createTempFile(directory, "stdout", "");
        Path place = Files.createDirectory(directory.resolve("place"));
        ProcessBuilder builder =
                new ProcessBuilder(savedCase.command())
                        .directory(place.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile());
        Process process = builder.start();
        try (OutputStream answers = process.getOutputStream()) {
            String word = Gate.await(() -> Files.readString(output), () -> !process.isAlive());
            if (instead == Instead.STOP_AND_CONTINUE && word.equals(Gate.READY)) {
                signal("STOP", process);
                Thread.sleep(STOPPED_MILLIS);
                signal("CONT", process);
            }
            if (process.isAlive()) {
                answers.write('\n');
                answers.flush();
            }
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                return "hung";
            }
            String wrong =
                    Gate.without(new String(Files.readAllBytes(output), StandardCharsets.UTF_8));
            return process.exitValue() == 0 ? wrong : wrong + "status " + process.exitValue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static void signal(String name, Process process)
            throws IOException, InterruptedException {
        StringBuilder numbers = new StringBuilder(Long.toString(process.pid()));
        process.descendants().forEach(each -> numbers.append(' ').append(each.pid()));
        // A child may have ended meanwhile.
        new ProcessBuilder(List.of("sh", "-c", "kill -" + name + " " + numbers + " 2>/dev/null"))
                .start()
                .waitFor();
    }
}
