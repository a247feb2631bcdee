package dev.plinth.testkit.mock;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The guest programs that a mock platform knows.
 *
 * <p>Any thread may call any method.
 */
public final class MockPrograms {
    /** How many programs a set can hold: what fits in the text of an executable. */
    public static final int MAX_PROGRAMS = 4096;

    private final List<MockProgram> programs = new CopyOnWriteArrayList<>();

    /**
     * Adds a program.
     *
     * @param name for messages and thread names
     * @param code what the program does
     * @return the program, whose bytes a context of a mock platform with this set can execute
     */
    public synchronized MockProgram add(String name, GuestCode code) {
        if (programs.size() == MAX_PROGRAMS) {
            throw new IllegalStateException("more than " + MAX_PROGRAMS + " programs");
        }
        MockProgram program = new MockProgram(this, programs.size(), name, code);
        programs.add(program);
        return program;
    }

    /** How many programs there are. */
    public int count() {
        return programs.size();
    }

    /** The program that the bytes stand for, or empty if they are something else. */
    Optional<MockProgram> decode(byte[] bytes) {
        return MockCode.numberIn(bytes)
                .filter(number -> number < programs.size())
                .map(programs::get);
    }
}
