package dev.plinth.bench;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** What was measured of one thing, round by round; or why it could not be. */
final class Samples {
    private final List<Double> values = new ArrayList<>();
    private Optional<String> failure = Optional.empty();

    void add(double value) {
        values.add(value);
    }

    /** Notes that it cannot be measured; the first reason counts. */
    void fail(String reason) {
        if (failure.isEmpty()) {
            failure = Optional.of(reason);
        }
    }

    Optional<String> failure() {
        return failure;
    }

    boolean isUsable() {
        return failure.isEmpty() && !values.isEmpty();
    }

    double median() {
        List<Double> sorted = new ArrayList<>(values);
        Collections.sort(sorted);
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }

    double least() {
        return Collections.min(values);
    }
}
