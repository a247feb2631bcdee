package dev.plinth.api.layout;

import static java.util.Objects.requireNonNull;

/**
 * One line of a {@link FdLayout}: a descriptor number and what it is for.
 *
 * @param number in the sandbox process
 * @param role what it is for
 */
public record FdMapping(int number, FdRole role) {
    public FdMapping {
        if (number < 0) {
            throw new IllegalArgumentException("not a descriptor: " + number);
        }
        requireNonNull(role, "role is null");
    }
}
