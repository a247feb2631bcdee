package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A sandbox whose program keeps memory, and can tell whether it is what it was. */
record BallastRun(Dialogue dialogue) implements AutoCloseable {
    /**
     * Starts the program, and waits until it has its memory.
     *
     * @param program {@code ballast.c}, compiled
     * @param kibibytes how much it keeps
     */
    static BallastRun start(
            HostOpener opener, Plinth plinth, PlatformFactory platform, Path program, int kibibytes)
            throws IOException {
        List<String> words = List.of(program.toString(), Integer.toString(kibibytes));
        Dialogue dialogue = Dialogue.start(opener, plinth, platform, SandboxSpec.builder(words));
        assertEquals("ready", dialogue.awaitLine());
        return new BallastRun(dialogue);
    }

    /** Lets it go on from an image. */
    static BallastRun restore(
            HostOpener opener, Plinth plinth, PlatformFactory platform, Path image) {
        return new BallastRun(Dialogue.restore(opener, plinth, platform, RestoreSpec.of(image)));
    }

    Sandbox sandbox() {
        return dialogue.sandbox();
    }

    /** Asks the program, which goes over all of its memory. */
    void requireIntact() throws IOException {
        assertEquals("intact", dialogue.ask("check"));
    }

    /** Adds a number to all that it keeps. */
    void add(int number) throws IOException {
        assertEquals("added", dialogue.ask("add " + number));
    }

    /** What was added. */
    int sum() throws IOException {
        return Integer.parseInt(dialogue.ask("sum"));
    }

    @Override
    public void close() {
        dialogue.close();
    }
}
