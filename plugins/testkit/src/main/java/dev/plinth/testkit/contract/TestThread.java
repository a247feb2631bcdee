package dev.plinth.testkit.contract;

import static org.junit.jupiter.api.Assertions.assertEquals;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.GuestProgram;

/** A guest thread, used by the Java thread that made it. */
public final class TestThread implements AutoCloseable {
    private final ExecutionContext context;
    private final TestProcess process;
    private final long stackTop;
    private final Registers registers = new Registers();

    TestThread(ExecutionContext context, TestProcess process, long stackTop) {
        this.context = requireNonNull(context, "context is null");
        this.process = requireNonNull(process, "process is null");
        this.stackTop = stackTop;
    }

    /** The context. */
    public ExecutionContext context() {
        return context;
    }

    /** The registers, which each run takes and gives. */
    public Registers registers() {
        return registers;
    }

    /** Where the stack is empty; a page and more is mapped above and below. */
    public long stackTop() {
        return stackTop;
    }

    /** Clears the registers and goes to the address, with an empty stack. */
    public TestThread at(long address) {
        registers.copyFrom(new Registers());
        registers.setRip(address);
        registers.setRsp(stackTop);
        return this;
    }

    /** Loads a program, clears the registers and goes to its beginning, with an empty stack. */
    public TestThread at(GuestProgram program) {
        return at(process.load(program));
    }

    /** Executes until the next trap. */
    public Trap run() {
        return context.run(process.space(), registers);
    }

    /** Executes until the next trap, which is to be a system call. */
    public void runToSystemCall() {
        assertEquals(Trap.SYSTEM_CALL, run(), registers::toString);
    }

    @Override
    public void close() {
        context.close();
    }
}
