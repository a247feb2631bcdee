package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.time.HostClock;

import org.junit.jupiter.api.Test;

/** What a call that is made again goes on with. */
final class ResumedCallTest {
    private final ResumedCall call = new ResumedCall(new HostClock());

    @Test
    void whatWasDoneIsToldOnce() {
        call.breakOff(100);
        call.end(true);
        assertTrue(call.isPartlyDone());
        assertEquals(100, call.takeDone());
        assertEquals(0, call.takeDone());
        call.end(false);
        assertFalse(call.isPartlyDone());
    }

    @Test
    void theLayersOfACallAddUp() {
        call.breakOff(100);
        call.breakOff(4000);
        call.breakOffAfter(3);
        call.end(true);
        assertEquals(4100, call.takeDone());
        assertEquals(3, call.takeMessages());
        assertEquals(0, call.takeMessages());
    }

    @Test
    void aCallThatEndsLeavesNothingToTheNext() {
        call.breakOff(100);
        call.end(false);
        assertFalse(call.isPartlyDone());
        assertEquals(0, call.takeDone());
    }
}
