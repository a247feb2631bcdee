package dev.plinth.testkit.mock;

import static java.util.Objects.requireNonNull;

/**
 * A guest program: Java code, and the bytes that stand for it in guest memory.
 *
 * <p>The bytes are an undefined instruction, then a magic word and the program's number in its
 * {@link MockPrograms set}. A context whose instruction pointer comes to them through a mapping
 * that allows execution runs the Java code; a real processor would trap.
 */
public final class MockProgram {
    private final MockPrograms programs;
    private final int number;
    private final String name;
    private final GuestCode code;

    MockProgram(MockPrograms programs, int number, String name, GuestCode code) {
        this.programs = programs;
        this.number = number;
        this.name = requireNonNull(name, "name is null");
        this.code = requireNonNull(code, "code is null");
    }

    /** The bytes that stand for the program, {@link MockCode#SLOT_BYTES} of them. */
    public byte[] bytes() {
        return MockCode.slot(number);
    }

    /** Where the program lies in each executable of {@link #elf()}. */
    public long address() {
        return MockElf.addressOf(number);
    }

    /**
     * A static executable that starts with this program, at fixed addresses.
     *
     * <p>Its text holds every program that is in the set by now, each at its {@link #address()}.
     * Its data segment is {@link MockElf#DATA_BYTES} zero bytes at {@link MockElf#DATA_ADDRESS}.
     */
    public byte[] elf() {
        return MockElf.fixed(number, programs.count());
    }

    /** As {@link #elf()}, but to be loaded at any address, which is added to all addresses. */
    public byte[] positionIndependentElf() {
        return MockElf.positionIndependent(number, programs.count());
    }

    int number() {
        return number;
    }

    String name() {
        return name;
    }

    GuestCode code() {
        return code;
    }

    @Override
    public String toString() {
        return name;
    }
}
