package dev.plinth.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.GuestProgram;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/**
 * A guest thread that touches the data in a loop, until another thread takes the memory from under
 * it; again and again.
 *
 * <p>The program gets the address of the data in rbx.
 */
final class Watcher {
    private static final long SECONDS = 20;

    /** Long enough for a run to be under way, which nobody can see from outside. */
    private static final long START_MILLIS = 3;

    private final Semaphore starting = new Semaphore(0);
    private final Semaphore trapped = new Semaphore(0);
    private final Semaphore goingOn = new Semaphore(0);
    private final Background<Void> work;

    Watcher(TestProcess process, GuestProgram program, Trap expected, int rounds) {
        work =
                Background.start(() -> {
                    try (TestThread thread = process.newThread()) {
                        thread.at(program).registers().setRbx(TestProcess.DATA);
                        for (int i = 0; i < rounds; i++) {
                            starting.release();
                            assertEquals(expected, thread.run());
                            trapped.release();
                            acquire(goingOn);
                        }
                        return null;
                    } finally {
                        // Nobody waits for what will not come.
                        trapped.release();
                        starting.release();
                    }
                });
    }

    /** Returns when the guest runs, or is about to. */
    void awaitRunning() {
        acquire(starting);
        try {
            Thread.sleep(START_MILLIS);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Returns when the guest has trapped. */
    void awaitTrap() {
        acquire(trapped);
    }

    /** Lets the guest go on. */
    void goOn() {
        goingOn.release();
    }

    /** Returns after the last round; fails if one of the traps was another than expected. */
    void await() {
        work.await();
    }

    private static void acquire(Semaphore semaphore) {
        try {
            if (!semaphore.tryAcquire(SECONDS, TimeUnit.SECONDS)) {
                throw new AssertionError("the guest does not stop");
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }
}
