package dev.plinth.cli.oracle;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Commands of the host that have to succeed. */
final class Commands {
    private static final int LIMIT_SECONDS = 60;

    /** Programs get this much on the host and in a sandbox. */
    static final List<String> ENVIRONMENT = List.of("PATH=/usr/bin:/bin", "LANG=C.UTF-8");

    private Commands() {}

    /**
     * Runs a command; what it prints on standard error goes to that of this process.
     *
     * @return what it printed on standard output
     * @throws IOException if it fails or takes too long
     */
    static String output(List<String> command) throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().clear();
        for (String variable : ENVIRONMENT) {
            String[] parts = variable.split("=", 2);
            builder.environment().put(parts[0], parts[1]);
        }
        Process process = builder.start();
        try {
            process.getOutputStream().close();
            String output =
                    new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + " failed");
            }
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
