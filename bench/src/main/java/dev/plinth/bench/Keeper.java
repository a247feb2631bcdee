package dev.plinth.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A sandbox that runs apart from whoever started it, and that can be saved and restored.
 *
 * <p>Each method runs one command to its end, and fails if that does. What the programs print is
 * appended to a file.
 */
interface Keeper {
    /** As it stands in the tables. */
    String name();

    /** Starts a program in a new sandbox. */
    void start(String id, List<String> program, Path output) throws CommandFailedException;

    /**
     * Writes an image.
     *
     * @param leaveRunning if false, the sandbox ends
     * @return how long the command took, in milliseconds
     */
    double checkpoint(String id, Path image, boolean leaveRunning) throws CommandFailedException;

    /**
     * Makes a sandbox of an image, and lets it run.
     *
     * @return how long the command took, in milliseconds
     */
    double restore(String id, Path image, Path output) throws CommandFailedException;

    /**
     * Takes a running sandbox to another platform.
     *
     * @return for how long its programs stood still, as the command tells it, in milliseconds;
     *     empty if such sandboxes cannot do that
     */
    Optional<Double> swap(String id) throws CommandFailedException;

    /** Ends a sandbox and forgets it; does nothing if there is none. */
    void end(String id);
}
