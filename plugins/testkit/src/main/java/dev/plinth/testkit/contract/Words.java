package dev.plinth.testkit.contract;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;

/** Words of memory that guest and JVM share at the same time. */
final class Words {
    private static final VarHandle WORD = ValueLayout.JAVA_LONG.varHandle();

    private Words() {}

    static long get(MemorySegment memory, long offset) {
        return (long) WORD.getVolatile(memory, offset);
    }

    static void set(MemorySegment memory, long offset, long value) {
        WORD.setVolatile(memory, offset, value);
    }
}
