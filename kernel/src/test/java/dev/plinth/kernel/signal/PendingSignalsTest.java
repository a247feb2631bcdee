package dev.plinth.kernel.signal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Signal;

import org.junit.jupiter.api.Test;

import java.util.Optional;

final class PendingSignalsTest {
    private final PendingSignals pending = new PendingSignals();

    @Test
    void realTimeSignalsQueueAndOthersMerge() {
        for (int value = 0; value < 2; value++) {
            assertTrue(pending.add(queued(Signal.SIGUSR1, value), true));
            assertTrue(pending.add(queued(Signal.SIGRTMIN, value), true));
        }
        assertEquals(Optional.of(queued(Signal.SIGUSR1, 0)), pending.take(0));
        assertEquals(Optional.of(queued(Signal.SIGRTMIN, 0)), pending.take(0));
        assertEquals(Optional.of(queued(Signal.SIGRTMIN, 1)), pending.take(0));
        assertEquals(Optional.empty(), pending.take(0));
    }

    @Test
    void withoutRoomOnlyWhatCarriesAValueIsRefused() {
        assertFalse(pending.add(queued(Signal.SIGRTMIN, 1), false));
        assertTrue(pending.add(queued(Signal.SIGUSR1, 1), false));
        SignalInfo sent = SignalInfo.sentBy(Signal.SIGRTMIN, SignalInfo.SI_USER, 5, 6);
        assertTrue(pending.add(sent, false));
        assertEquals(0, pending.size());
        SignalInfo untold = SignalInfo.sentBy(Signal.SIGUSR1, SignalInfo.SI_USER, 0, 0);
        assertEquals(Optional.of(untold), pending.take(0));
        assertEquals(
                Optional.of(SignalInfo.sentBy(Signal.SIGRTMIN, SignalInfo.SI_USER, 0, 0)),
                pending.take(0));
    }

    @Test
    void faultsComeFirst() {
        pending.add(SignalInfo.fromKernel(Signal.SIGHUP), true);
        pending.add(SignalInfo.fault(Signal.SIGSEGV, 1, 0), true);
        assertEquals(Signal.SIGSEGV, pending.take(0).orElseThrow().signal());
        assertEquals(Signal.SIGHUP, pending.take(0).orElseThrow().signal());
    }

    @Test
    void aTimersSignalHasAPlaceOfItsOwn() {
        pending.add(queued(Signal.SIGALRM, 1), true);
        pending.addOfTimer(SignalInfo.ofTimer(Signal.SIGALRM, 3, 0, 9));
        assertEquals(2, pending.size());
        pending.removeTimer(3);
        assertEquals(Optional.of(queued(Signal.SIGALRM, 1)), pending.take(0));
        assertEquals(0, pending.set());
    }

    @Test
    void aTimersEndLeavesWhatIsPendingWithoutAPlace() {
        pending.add(queued(Signal.SIGUSR1, 1), false);
        pending.addOfTimer(SignalInfo.ofTimer(Signal.SIGALRM, 3, 0, 9));
        pending.removeTimer(3);
        assertEquals(SignalSet.of(Signal.SIGUSR1), pending.set());
    }

    private static SignalInfo queued(Signal signal, int value) {
        return new SignalInfo(signal, SignalInfo.SI_QUEUE, 1, 0, value);
    }
}
