package dev.plinth.kernel.fs.procfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

class LateViewsTest {
    private final LateViews views = new LateViews();
    private final AtomicReference<Optional<ProcessView>> there =
            new AtomicReference<>(Optional.empty());
    private final ProcessView view = views.add(ProcessView.class, there::get);

    @Test
    void showsWhatCameAfterTheView() {
        there.set(Optional.of(process(7)));
        views.find();

        assertTrue(view.isThere());
        assertEquals(7, view.pid());
    }

    @Test
    void doesNotTakeAProcessForTheOneWhoseNumberItGot() {
        there.set(Optional.of(process(7)));
        views.find();
        there.set(Optional.of(process(8)));

        assertEquals(7, view.pid());
    }

    @Test
    void whatWasGoneStaysGone() {
        views.find();
        there.set(Optional.of(process(7)));

        assertFalse(view.isThere());
    }

    @Test
    void whatIsGoneHasNothing() {
        views.find();

        assertEquals(List.of(), view.threads());
        assertEquals(Optional.empty(), view.thread(7));
        ErrnoException e = assertThrows(ErrnoException.class, view::pid);
        assertEquals(Errno.ESRCH, e.errno());
    }

    @Test
    void whatIsGoneIsEqualToItselfAlone() {
        ProcessView other = views.add(ProcessView.class, Optional::empty);
        views.find();

        assertEquals(view, view);
        assertNotEquals(view, other);
        assertEquals(view.hashCode(), view.hashCode());
    }

    private static ProcessView process(int pid) {
        ProcessView process = mock(ProcessView.class);
        when(process.isThere()).thenReturn(true);
        when(process.pid()).thenReturn(pid);
        return process;
    }
}
