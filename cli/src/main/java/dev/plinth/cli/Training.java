package dev.plinth.cli;

import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.plugin.LoadedPlatform;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * What the build runs once to fill the JVM's AOT cache: a sandbox is saved and restored, then the
 * command that is given is executed. The cache has the classes that were loaded meanwhile.
 */
final class Training {
    private static final String PLATFORM = "ptrace";

    private Training() {}

    /**
     * Does not return.
     *
     * @param arguments a program that sleeps, or nothing to leave checkpoints out; a directory to
     *     write an image to; the words of a command
     */
    public static void main(String[] arguments) {
        List<String> words = List.of(arguments);
        DebugLog _ = DebugLog.onStandardError();
        if (!words.getFirst().isEmpty()) {
            saveAndRestore(words.getFirst(), Path.of(words.get(1)).resolve("training-image"));
        }
        Main.main(Arrays.copyOfRange(arguments, 2, arguments.length));
    }

    private static void saveAndRestore(String program, Path image) {
        Plinth plinth = Plinth.create(Launch.ofProcess().plugins());
        Stdio closed = new Stdio.Given(Map.of());
        try (LoadedPlatform platform = plinth.loadPlatform(PLATFORM);
                Sandbox sandbox =
                        plinth.newSandbox(
                                SandboxSpec.builder(List.of(program)).stdio(closed).build(),
                                platform)) {
            sandbox.start();
            sandbox.checkpoint(new CheckpointSpec(image, false, Compression.NONE));
            try (Sandbox restored =
                    plinth.restore(RestoreSpec.of(image).withStdio(closed), platform)) {
                restored.start();
            }
        } catch (SandboxException e) {
            // The cache serves what could be done.
            System.err.println(e.getMessage());
        }
    }
}
