package dev.plinth.bench;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** gVisor's runsc, on ptrace. It runs bundles of the Open Container Initiative. */
final class RunscKeeper implements Keeper {
    private final KeeperCommand runsc;
    private final Path bundle;

    /**
     * A keeper.
     *
     * @param command where runsc is
     * @param work directory for what is known of sandboxes, and for the bundle
     */
    RunscKeeper(Path command, Path work) {
        this.runsc =
                new KeeperCommand(
                        List.of(
                                command.toString(),
                                "--root",
                                work.resolve("runsc").toString(),
                                "--platform=ptrace",
                                "--network=none",
                                "--ignore-cgroups"));
        this.bundle = work.resolve("bundle");
    }

    @Override
    public String name() {
        return Runners.RUNSC;
    }

    @Override
    public void start(String id, List<String> program, Path output) throws CommandFailedException {
        writeBundle(program);
        runsc.run(List.of("run", "--detach", "--bundle", bundle.toString(), id), output);
    }

    /** The root is the host's, as it is for Plinth. */
    private void writeBundle(List<String> program) {
        JsonArray arguments = new JsonArray();
        program.forEach(arguments::add);
        JsonObject process = new JsonObject();
        process.add("args", arguments);
        process.addProperty("cwd", "/");
        JsonObject root = new JsonObject();
        root.addProperty("path", "/");
        root.addProperty("readonly", true);
        JsonObject config = new JsonObject();
        config.addProperty("ociVersion", "1.0.0");
        config.add("process", process);
        config.add("root", root);
        try {
            Files.createDirectories(bundle);
            Files.writeString(bundle.resolve("config.json"), config.toString());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write a bundle", e);
        }
    }

    @Override
    public double checkpoint(String id, Path image, boolean leaveRunning)
            throws CommandFailedException {
        List<String> words = new ArrayList<>(List.of("checkpoint"));
        if (leaveRunning) {
            words.add("--leave-running");
        }
        words.addAll(List.of("--image-path", image.toString(), id));
        double millis = runsc.run(words);
        if (!leaveRunning) {
            end(id);
        }
        return millis;
    }

    @Override
    public double restore(String id, Path image, Path output) throws CommandFailedException {
        return runsc.run(
                List.of(
                        "restore",
                        "--detach",
                        "--bundle",
                        bundle.toString(),
                        "--image-path",
                        image.toString(),
                        id),
                output);
    }

    @Override
    public Optional<Double> swap(String id) {
        return Optional.empty();
    }

    @Override
    public void end(String id) {
        runsc.attempt(List.of("delete", "--force", id));
    }
}
