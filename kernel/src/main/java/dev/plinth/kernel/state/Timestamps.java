package dev.plinth.kernel.state;

import dev.plinth.kernel.state.proto.Timestamp;

import java.time.DateTimeException;
import java.time.Instant;

/** Moments of the time of day, as they are saved. */
public final class Timestamps {
    private static final int NANOS_PER_SECOND = 1_000_000_000;

    private Timestamps() {}

    /** What is saved of a moment. */
    public static Timestamp save(Instant moment) {
        return Timestamp.newBuilder()
                .setSeconds(moment.getEpochSecond())
                .setNanos(moment.getNano())
                .build();
    }

    /**
     * A moment that was saved.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if there is no such moment
     */
    public static Instant restore(Timestamp state) {
        if (state.getNanos() < 0 || state.getNanos() >= NANOS_PER_SECOND) {
            throw StateReader.corrupt("a second has %x nanoseconds".formatted(state.getNanos()));
        }
        try {
            return Instant.ofEpochSecond(state.getSeconds(), state.getNanos());
        } catch (DateTimeException e) {
            throw StateReader.corrupt("there is no second " + state.getSeconds());
        }
    }
}
