package dev.plinth.kernel.syscall.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.fail;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.boot.MockRun;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.MockElf;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes system calls as a guest and holds their results to those of Linux.
 *
 * <p>All that differ are told at the end, each with its line of the trace.
 */
final class ExpectedCalls {
    /** Arguments that are strings go here, one behind the other, anew for each call. */
    private static final long STRINGS = MockElf.DATA_ADDRESS + 0x4000;

    /** Room for structures, left alone between calls. */
    static final long ROOM = MockElf.DATA_ADDRESS + 0x8000;

    /** An address that cannot be read or written. */
    static final long BAD = 1;

    private final Guest guest;
    private final List<Check> checks = new ArrayList<>();

    private record Check(int call, long expected, long actual) {}

    /** How many calls were made, checked or not. */
    private int calls;

    private ExpectedCalls(Guest guest) {
        this.guest = guest;
    }

    /** What to do in the guest. */
    interface Script {
        void run(ExpectedCalls calls);
    }

    /** Runs a script as the first program of a sandbox, and fails if a result was not expected. */
    static void run(MockRun run, Script script) throws Exception {
        List<ExpectedCalls> made = new ArrayList<>();
        ExitStatus status =
                run.run(guest -> {
                    ExpectedCalls calls = new ExpectedCalls(guest);
                    made.add(calls);
                    script.run(calls);
                    guest.exit(0);
                });
        assertEquals(new ExitStatus.Exited(0), status, () -> "after " + run.trace());
        List<String> trace = run.trace();
        List<String> wrong =
                made.getFirst().checks.stream()
                        .filter(check -> check.actual != check.expected)
                        .map(check -> trace.get(check.call) + "\n    Linux: " + check.expected)
                        .toList();
        if (!wrong.isEmpty()) {
            fail(String.join("\n", wrong));
        }
    }

    /** The guest that makes the calls. */
    Guest guest() {
        return guest;
    }

    /**
     * Makes a call.
     *
     * @param arguments numbers, or strings to be put into memory
     * @return the result
     */
    long call(int number, Object... arguments) {
        long[] values = new long[arguments.length];
        long at = STRINGS;
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof String text) {
                guest.store(at, (text + "\0").getBytes(StandardCharsets.UTF_8));
                values[i] = at;
                at += text.length() + 1;
            } else {
                values[i] = ((Number) arguments[i]).longValue();
            }
        }
        calls++;
        return guest.syscall(number, values);
    }

    /** Makes a call that Linux gives this result. */
    void expect(long expected, int number, Object... arguments) {
        long actual = call(number, arguments);
        checks.add(new Check(calls - 1, expected, actual));
    }

    /** Makes a call that fails on Linux. */
    void expect(Errno expected, int number, Object... arguments) {
        expect(-expected.number(), number, arguments);
    }

    /** Puts longs into the room. */
    void store(long offset, long... values) {
        for (int i = 0; i < values.length; i++) {
            guest.storeLong(ROOM + offset + 8L * i, values[i]);
        }
    }
}
