package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a script has said on its three standard descriptors, through all hops: at each count it
 * speaks on standard output, then on standard error, then on standard input.
 */
final class Accounts {
    private final Account in = new Account("in");
    private final Account out = new Account("out");
    private final Account err = new Account("err");

    /** Those that could be listened to at the last hop, as the script speaks. */
    private final List<Account> heard = new ArrayList<>();

    /** What is said on a descriptor. */
    Account of(int number) {
        return List.of(in, out, err).get(number);
    }

    /**
     * Takes in what one hop has said: each descriptor goes on where the hop before it ended, and
     * none is behind the others.
     */
    void goOn(StandardStreams streams) throws IOException {
        heard.clear();
        for (int number : new int[] {1, 2, 0}) {
            if (streams.get(number).carriesOutput()) {
                heard.add(of(number));
            } else {
                of(number).miss();
            }
        }
        if (streams.areOne() && !heard.isEmpty()) {
            for (String line : lines(streams.get(0))) {
                speaker(line).takeIn(line);
                requireInStep();
            }
        } else {
            for (int number = 0; number < 3; number++) {
                if (streams.get(number).carriesOutput()) {
                    lines(streams.get(number)).forEach(of(number)::takeIn);
                }
            }
        }
        for (Account each : heard) {
            assertFalse(each.hasGap(), () -> each + ", and silent since");
        }
        requireInStep();
    }

    private static List<String> lines(StandardStream stream) throws IOException {
        String received = stream.received();
        assertTrue(received.isEmpty() || received.endsWith("\n"), received);
        return received.lines().toList();
    }

    /** Whoever says a line, where all speak on one. */
    private Account speaker(String line) {
        return heard.stream().filter(each -> each.counts(line)).findFirst().orElse(out);
    }

    private void requireInStep() {
        List<Integer> counts =
                heard.stream().filter(each -> !each.hasGap()).map(Account::count).toList();
        if (counts.isEmpty()) {
            return;
        }
        assertEquals(counts.stream().sorted((a, b) -> b - a).toList(), counts, this::toString);
        assertTrue(counts.getFirst() - counts.getLast() <= 1, this::toString);
    }

    /** The script has ended, and all of it was heard. */
    void requireEnd(int count) {
        for (Account each : heard) {
            assertEquals(count, each.count(), this::toString);
        }
        assertTrue(heard.contains(out), "the last hop must let its output be seen");
        out.requireOver();
        out.requireOneIdentity();
        err.requireNothingElse();
        in.requireNothingElse();
    }

    @Override
    public String toString() {
        return "%s, %s, %s".formatted(out, err, in);
    }
}
