package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AddressRange;

/**
 * Where the loader put the parts of a program: what /proc/[pid]/stat, cmdline, environ and auxv
 * tell, and what the {@code PR_SET_MM_*} calls of prctl(2) change.
 *
 * @param code the program's text
 * @param data the program's initialised data
 * @param stackStart the stack pointer at the program's start
 * @param arguments the strings of the argument list
 * @param environment the strings of the environment
 * @param auxiliaryVector as it was put on the stack, with its AT_NULL entry
 */
public record ProgramAreas(
        AddressRange code,
        AddressRange data,
        long stackStart,
        AddressRange arguments,
        AddressRange environment,
        AddressRange auxiliaryVector) {
    /** Of an address space that no program was loaded into. */
    public static final ProgramAreas NONE = none();

    public ProgramAreas {
        requireNonNull(code, "code is null");
        requireNonNull(data, "data is null");
        requireNonNull(arguments, "arguments is null");
        requireNonNull(environment, "environment is null");
        requireNonNull(auxiliaryVector, "auxiliaryVector is null");
    }

    private static ProgramAreas none() {
        AddressRange empty = new AddressRange(0, 0);
        return new ProgramAreas(empty, empty, 0, empty, empty, empty);
    }
}
