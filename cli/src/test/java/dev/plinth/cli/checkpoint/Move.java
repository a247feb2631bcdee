package dev.plinth.cli.checkpoint;

import static java.util.Objects.requireNonNull;

/** What is done to a sandbox while the program in it waits at its gate. */
sealed interface Move {
    /** It is paused and goes on. */
    record Pause() implements Move {
        @Override
        public String toString() {
            return "a pause";
        }
    }

    /** It is checkpointed and goes on; the image is thrown away. */
    record Snapshot() implements Move {
        @Override
        public String toString() {
            return "a checkpoint that it does not notice";
        }
    }

    /** It goes on, on another platform. */
    record Swap(String platform) implements Move {
        public Swap {
            requireNonNull(platform, "platform is null");
        }

        @Override
        public String toString() {
            return "a swap to " + platform;
        }
    }

    /** It is checkpointed, ended, and restored on a platform. */
    record Restore(String platform) implements Move {
        public Restore {
            requireNonNull(platform, "platform is null");
        }

        @Override
        public String toString() {
            return platform;
        }
    }
}
