package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;

/**
 * What a script that counts has said on one of its standard descriptors, through all hops.
 *
 * <p>A line is "out 1" and so on; on standard output there are also what stat(1) says of each
 * descriptor and, as the last, "over". Where a hop could not be listened to there is a gap: the
 * count goes on behind it, somewhere.
 */
final class Account {
    private static final int DESCRIPTORS = 3;

    private final String name;
    private final List<List<String>> identities = new ArrayList<>();
    private int count;
    private boolean over;
    private boolean gap;
    private int gaps;

    Account(String name) {
        this.name = name;
    }

    /** Whether a line is one of those that count here. */
    boolean counts(String line) {
        return line.matches(name + " [0-9]+");
    }

    int count() {
        return count;
    }

    /** Whether nothing was heard since a hop that could not be listened to. */
    boolean hasGap() {
        return gap;
    }

    /** There is a hop that cannot be listened to. */
    void miss() {
        gap = true;
        gaps++;
    }

    /** Takes in a line, which must be the one behind the last. */
    void takeIn(String line) {
        assertFalse(over, () -> "'" + line + "' when it was over");
        if (counts(line)) {
            takeInCount(line);
        } else if (line.equals("over")) {
            over = true;
        } else if (!gap) {
            assertFalse(identities.isEmpty(), () -> this + ", then '" + line + "'");
            identities.getLast().add(line);
        }
    }

    private void takeInCount(String line) {
        int next = Integer.parseInt(line.substring(name.length() + 1));
        if (gap) {
            assertTrue(next > count, () -> this + ", then '" + line + "'");
        } else {
            assertEquals(count + 1, next, () -> this + ", then '" + line + "'");
        }
        gap = false;
        count = next;
        identities.add(new ArrayList<>());
    }

    /** The script has ended, and said so. */
    void requireOver() {
        assertTrue(over, () -> this + ", and no end");
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

    /** It counted, and said nothing else. */
    void requireNothingElse() {
        assertFalse(over, () -> this + ", over");
        for (List<String> each : identities) {
            assertEquals(List.of(), each, this::toString);
        }
    }

    @Override
    public String toString() {
        return name + " " + count;
    }
}
