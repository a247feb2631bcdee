package dev.plinth.kernel.syscall;

import dev.plinth.kernel.state.NotSaved;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The rows of all system calls, by number. They never change. Any thread may ask. */
@NotSaved("the same for all sandboxes of a JVM")
public final class SyscallTable {
    private final SyscallRow[] rows;
    private final List<String> names;

    /** Which rows were called; set by any thread, and never taken back. */
    private final boolean[] called;

    /**
     * Puts rows into their places.
     *
     * @param names of all calls that Linux has, the place in the list being the number; empty where
     *     a number is not in use
     * @param families contribute the rows
     * @throws IllegalArgumentException if a row's name is none of Linux', or is there twice
     */
    public SyscallTable(List<String> names, List<SyscallFamily> families) {
        this.names = List.copyOf(names);
        this.rows = new SyscallRow[names.size()];
        this.called = new boolean[names.size()];
        Map<String, Integer> numbers = HashMap.newHashMap(names.size());
        for (int number = 0; number < names.size(); number++) {
            numbers.put(names.get(number), number);
        }
        for (SyscallFamily family : families) {
            for (SyscallRow row : family.rows()) {
                Integer number = numbers.get(row.name());
                if (number == null || row.name().isEmpty()) {
                    throw new IllegalArgumentException("Linux has no call named " + row.name());
                }
                if (rows[number] != null) {
                    throw new IllegalArgumentException("two rows for " + row.name());
                }
                rows[number] = row;
            }
        }
    }

    /**
     * The row of a number; null if there is none, which is asked for at every call and so does not
     * cost an object.
     */
    SyscallRow rowOrNull(int number) {
        return number >= 0 && number < rows.length ? rows[number] : null;
    }

    /** Notes that the call of a row was made. */
    void markCalled(int number) {
        called[number] = true;
    }

    /**
     * Whether a program of any sandbox has made the call of a row: what tests exercise.
     *
     * @param number of a row
     */
    public boolean wasCalled(int number) {
        return called[number];
    }

    /** The row of a number, or empty if there is none: such a call fails with ENOSYS. */
    public Optional<SyscallRow> row(int number) {
        return Optional.ofNullable(rowOrNull(number));
    }

    /** The name of a number: Linux' own, or {@code syscall_0x1ff} where it has none. */
    public String name(int number) {
        if (number >= 0 && number < names.size() && !names.get(number).isEmpty()) {
            return names.get(number);
        }
        return "syscall_0x" + Integer.toHexString(number);
    }

    /** Every number that Linux has a name for, ascending. */
    public List<Integer> numbers() {
        List<Integer> numbers = new ArrayList<>();
        for (int number = 0; number < names.size(); number++) {
            if (!names.get(number).isEmpty()) {
                numbers.add(number);
            }
        }
        return numbers;
    }
}
