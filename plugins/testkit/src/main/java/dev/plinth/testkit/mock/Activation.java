package dev.plinth.testkit.mock;

import dev.plinth.api.platform.Trap;

import java.util.concurrent.Semaphore;

/**
 * One run of a guest program: a coroutine, on a thread of its own.
 *
 * <p>Either that thread runs or the context's, never both; a semaphore each way hands over, and
 * with it all that the two share.
 */
final class Activation {
    /** Why the program's thread handed over. */
    sealed interface Step {
        /** The kernel has the word; the program goes on where it stopped. */
        record Trapped(Trap trap) implements Step {}

        /** The program called another, at the instruction pointer, and waits for its return. */
        record Called() implements Step {}

        /** The program went elsewhere, to the instruction pointer. */
        record Left() implements Step {}

        /** The Java code failed. */
        record Failed(Throwable cause) implements Step {}
    }

    /** Unwinds the Java code of a program that will not go on. */
    private static final class Killed extends Error {
        private static final long serialVersionUID = 1L;

        private Killed() {
            super("the guest program ended", null, false, false);
        }
    }

    /** Unwinds the Java code of a program that went elsewhere. */
    private static final class Jumped extends Error {
        private static final long serialVersionUID = 1L;

        private Jumped() {
            super("the guest program jumped", null, false, false);
        }
    }

    private static final long KILL_MILLIS = 10_000;

    private final Semaphore toGuest = new Semaphore(0);
    private final Semaphore toContext = new Semaphore(0);
    private final MockProgram program;
    private final Thread thread;

    /** The rest is handed over by the semaphores. */
    private Step step = new Step.Left();

    private boolean killed;
    private long resumeRip;
    private long resumeOtherRip;
    private long resumeRsp;
    private MockAddressSpace space;

    Activation(MockProgram program, long base, MockContext context) {
        this.program = program;
        this.thread =
                Thread.ofPlatform()
                        .name("mock-guest-" + program.name())
                        .daemon()
                        .unstarted(() -> run(new Guest(context, this, base)));
    }

    /** Lets the program run until its next step; called by the context. */
    Step resume() {
        if (thread.getState() == Thread.State.NEW) {
            thread.start();
        }
        toGuest.release();
        toContext.acquireUninterruptibly();
        return step;
    }

    /**
     * Ends the program and its thread; called by the context while the program is stopped.
     *
     * @throws IllegalStateException if the Java code does not end
     */
    void kill() {
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        killed = true;
        toGuest.release();
        awaitEnd();
    }

    /**
     * Returns when the thread of a program that is over has ended; called by the context.
     *
     * @throws IllegalStateException if the Java code does not end
     */
    void awaitEnd() {
        boolean interrupted = false;
        long deadline = System.nanoTime() + KILL_MILLIS * 1_000_000;
        while (thread.isAlive() && System.nanoTime() < deadline) {
            try {
                thread.join(KILL_MILLIS);
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (thread.isAlive()) {
            throw new IllegalStateException("guest program " + program + " does not end");
        }
    }

    /**
     * Gives the word to the kernel until the program goes on; called by the program.
     *
     * @param otherRip another instruction pointer, beside that of now, at which it goes on
     */
    void trap(Trap trap, MockContext context, long otherRip) {
        resumeRsp = context.registers().rsp();
        stop(new Step.Trapped(trap), context.registers().rip(), otherRip, context);
    }

    /** Lets another program run, at the instruction pointer, until it returns; called by this. */
    void call(long returnRip, long returnRsp, MockContext context) {
        resumeRsp = returnRsp;
        stop(new Step.Called(), returnRip, returnRip, context);
    }

    /** What the program throws to go on as another, at the instruction pointer. */
    Error jump() {
        return new Jumped();
    }

    /** Whether the program stopped at these addresses. */
    boolean stoppedAt(long rip, long rsp) {
        return stoppedAt(rip) && rsp == resumeRsp;
    }

    /** Whether the program stopped at this address. */
    boolean stoppedAt(long rip) {
        return rip == resumeRip || rip == resumeOtherRip;
    }

    /** Whether the program can never go on, for its memory is gone. */
    boolean isOrphan() {
        return space.isClosed();
    }

    MockProgram program() {
        return program;
    }

    @Override
    public String toString() {
        return program.name();
    }

    private void run(Guest guest) {
        toGuest.acquireUninterruptibly();
        try {
            program.code().run(guest);
            guest.ret();
        } catch (Jumped e) {
            step = new Step.Left();
        } catch (Throwable e) {
            step = new Step.Failed(e);
        }
        toContext.release();
    }

    private void stop(Step newStep, long rip, long otherRip, MockContext context) {
        resumeRip = rip;
        resumeOtherRip = otherRip;
        space = context.space();
        step = newStep;
        toContext.release();
        toGuest.acquireUninterruptibly();
        if (killed) {
            throw new Killed();
        }
    }
}
