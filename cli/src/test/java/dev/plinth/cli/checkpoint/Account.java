package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a script that counts has said on one of its standard descriptors, through all hops.
 *
 * <p>A line is "out 1" and so on, or what stat(1) says of a descriptor. Where a hop could not be
 * listened to there is a gap: the count goes on behind it, somewhere.
 */
final class Account {
    private static final int DESCRIPTORS = 3;

    private final String name;
    private final List<List<String>> identities = new ArrayList<>();
    private int count;
    private boolean gap;
    private int gaps;

    Account(String name) {
        this.name = name;
    }

    /** Whether a line is one of those that count. */
    static boolean counts(String line) {
        return line.matches("(in|out|err) [0-9]+");
    }

    /** Takes in what one hop has said, which must go on where the one before it ended. */
    void goOn(StandardStream stream) throws IOException {
        if (!stream.carriesOutput()) {
            gap = true;
            gaps++;
            return;
        }
        String received = stream.received();
        assertTrue(received.isEmpty() || received.endsWith("\n"), received);
        for (String line : received.lines().toList()) {
            if (counts(line)) {
                takeIn(line, received);
            } else if (!line.equals("over") && !gap) {
                identities.getLast().add(line);
            }
        }
    }

    private void takeIn(String line, String received) {
        String[] words = line.split(" ", -1);
        assertEquals(name, words[0], received);
        int next = Integer.parseInt(words[1]);
        if (gap) {
            assertTrue(next > count, received);
        } else {
            assertEquals(count + 1, next, received);
        }
        gap = false;
        count = next;
        identities.add(new ArrayList<>());
    }

    /** The script was told the same of its descriptors, whatever they were. */
    void requireOneIdentity() {
        assertFalse(identities.isEmpty());
        List<String> first = identities.getFirst();
        assertEquals(DESCRIPTORS, first.size(), first::toString);
        int cutOff = 0;
        for (List<String> each : identities) {
            cutOff += each.size() < DESCRIPTORS ? 1 : 0;
            assertEquals(first.subList(0, Math.min(each.size(), DESCRIPTORS)), each);
        }
        assertTrue(cutOff <= gaps, () -> identities + " with " + gaps + " gaps");
    }

    @Override
    public String toString() {
        return name + " " + count;
    }
}
