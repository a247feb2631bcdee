package dev.plinth.kernel.loader;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.mm.linux.Mman;
import dev.plinth.kernel.state.NotSaved;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * The stack that a program finds: {@code create_elf_tables} of fs/binfmt_elf.c.
 *
 * <pre>
 *   top      8 bytes of zero
 *            path, environment strings, argument strings
 *            platform string, random bytes
 *            auxiliary vector, null, environment pointers, null, argument pointers
 *   rsp      argument count
 * </pre>
 */
@NotSaved("of one call of execve(2)")
final class InitialStack {
    /** What Linux makes room for behind the strings, before the stack has to grow. */
    private static final long ROOM_BYTES = 128 << 10;

    private static final byte[] PLATFORM = "x86_64\0".getBytes(StandardCharsets.US_ASCII);

    /** A signal frame without its vector state, and what aligning both may take. */
    private static final int SIGNAL_FRAME_BYTES = 440 + 8 + 63 + 4;

    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final MemoryManager memory;
    private final LoadRequest request;
    private final long top;
    private final long pathAddress;
    private final AddressRange environment;
    private final AddressRange arguments;
    private final long platformAddress;
    private final long randomAddress;
    private long stackPointer;

    private InitialStack(MemoryManager memory, LoadRequest request) {
        this.memory = memory;
        this.request = request;
        ProgramArguments strings = request.arguments();
        top = memory.layout().stackTop();
        pathAddress = top - Long.BYTES - strings.path().length - 1;
        environment = below(pathAddress, strings.environment());
        arguments = below(environment.start(), strings.arguments());
        long jittered = (arguments.start() - memory.layout().stackJitter()) & -16;
        platformAddress = jittered - PLATFORM.length;
        randomAddress = platformAddress - LoadRequest.RANDOM_BYTES;
        stackPointer = randomAddress;
    }

    /** Maps the stack and puts the strings on it. */
    static InitialStack map(MemoryManager memory, LoadRequest request, boolean executable) {
        InitialStack stack = new InitialStack(memory, request);
        stack.mapMemory(executable);
        stack.writeStrings();
        return stack;
    }

    private static AddressRange below(long end, List<byte[]> strings) {
        long start = end;
        for (byte[] string : strings) {
            start -= string.length + 1L;
        }
        return new AddressRange(start, end);
    }

    private void mapMemory(boolean executable) {
        // As Linux does, whatever else goes there: what is below this it grows to.
        long room = Math.min(ROOM_BYTES, request.stackLimit() - (top - arguments.start()));
        long bottom = Pages.floor(arguments.start()) - Pages.floor(Math.max(room, 0));
        AccessType access = executable ? AccessType.READ_WRITE_EXECUTE : AccessType.READ_WRITE;
        memory.mmap(
                bottom,
                top - bottom,
                access.prot(),
                Mman.MAP_PRIVATE
                        | Mman.MAP_ANONYMOUS
                        | Mman.MAP_GROWSDOWN
                        | Mman.MAP_STACK
                        | Mman.MAP_FIXED);
    }

    /** Everything from the random bytes to the top, in one copy. */
    private void writeStrings() {
        byte[] bytes = new byte[(int) (top - randomAddress)];
        put(bytes, randomAddress, request.random());
        put(bytes, platformAddress, PLATFORM);
        putStrings(bytes, arguments.start(), request.arguments().arguments());
        putStrings(bytes, environment.start(), request.arguments().environment());
        put(bytes, pathAddress, request.arguments().path());
        memory.guestMemory().copyOut(randomAddress, bytes);
    }

    private void putStrings(byte[] bytes, long start, List<byte[]> strings) {
        long address = start;
        for (byte[] string : strings) {
            put(bytes, address, string);
            address += string.length + 1L;
        }
    }

    private void put(byte[] bytes, long address, byte[] string) {
        System.arraycopy(string, 0, bytes, (int) (address - randomAddress), string.length);
    }

    /**
     * Puts the pointers and the auxiliary vector on the stack.
     *
     * @param vector its words, with the entry that ends it
     * @return where the vector is
     */
    AddressRange finish(long[] vector) {
        ProgramArguments strings = request.arguments();
        int pointers = 1 + strings.arguments().size() + 1 + strings.environment().size() + 1;
        byte[] bytes = new byte[(pointers + vector.length) * Long.BYTES];
        MemorySegment words = MemorySegment.ofArray(bytes);
        words.set(LONG, 0, strings.arguments().size());
        long at = Long.BYTES;
        at = putPointers(words, at, arguments.start(), strings.arguments());
        at = putPointers(words, at, environment.start(), strings.environment());
        for (long word : vector) {
            words.set(LONG, at, word);
            at += Long.BYTES;
        }
        stackPointer = (randomAddress - bytes.length) & -16;
        memory.guestMemory().copyOut(stackPointer, bytes);
        return AddressRange.ofLength(
                stackPointer + (long) pointers * Long.BYTES, (long) vector.length * Long.BYTES);
    }

    private static long putPointers(
            MemorySegment words, long start, long firstString, List<byte[]> strings) {
        long at = start;
        long address = firstString;
        for (byte[] string : strings) {
            words.set(LONG, at, address);
            address += string.length + 1L;
            at += Long.BYTES;
        }
        return at + Long.BYTES;
    }

    /** The stack pointer that the program begins with. */
    long stackPointer() {
        return stackPointer;
    }

    /** Where the path by which the program was executed is. */
    long pathAddress() {
        return pathAddress;
    }

    /** Where the name of the platform is. */
    long platformAddress() {
        return platformAddress;
    }

    /** Where the random bytes are. */
    long randomAddress() {
        return randomAddress;
    }

    /** Where the argument strings are. */
    AddressRange argumentStrings() {
        return arguments;
    }

    /** Where the environment strings are. */
    AddressRange environmentStrings() {
        return environment;
    }

    /** The least that a stack for signal handlers needs: {@code AT_MINSIGSTKSZ}. */
    long minimumSignalStack() {
        return (long) SIGNAL_FRAME_BYTES + request.cpu().vectorStateBytes();
    }
}
