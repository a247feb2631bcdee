package dev.plinth.api.platform;

/** Whether a platform works on a host. */
public sealed interface Availability {
    /** It works. */
    record Usable() implements Availability {}

    /**
     * It does not work.
     *
     * @param reason what is missing, one line without a final period
     * @param remedy what a user can do about it, one line without a final period
     */
    record Unusable(String reason, String remedy) implements Availability {
        public Unusable {
            if (reason.isBlank() || remedy.isBlank()) {
                throw new IllegalArgumentException("an unusable platform says why and what to do");
            }
        }
    }

    /** The platform works. */
    static Availability usable() {
        return new Usable();
    }

    /** The platform does not work, with the reason and the remedy. */
    static Availability unusable(String reason, String remedy) {
        return new Unusable(reason, remedy);
    }
}
