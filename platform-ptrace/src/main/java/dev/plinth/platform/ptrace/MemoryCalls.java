package dev.plinth.platform.ptrace;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.stub.StubPage;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/**
 * Calls of mmap, mprotect and munmap that an address space has still to make, in order.
 *
 * <p>A call that carries on where the last one ended becomes part of it.
 *
 * <p>Not thread-safe: guarded by the address space's lock.
 */
final class MemoryCalls {
    private static final int ENTRY_WORDS = StubPage.ENTRY_BYTES / Long.BYTES;
    private static final int MAP_FLAGS = Mman.MAP_SHARED | Mman.MAP_FIXED;

    // Words of an entry: the number of the call, then its arguments.
    private static final int NUMBER = 0;
    private static final int ADDRESS = 1;
    private static final int LENGTH = 2;
    private static final int PROT = 3;
    private static final int FLAGS = 4;
    private static final int FD = 5;
    private static final int OFFSET = 6;

    private long[] words = new long[8 * ENTRY_WORDS];
    private int count;

    boolean isEmpty() {
        return count == 0;
    }

    /** How many calls there are. */
    int count() {
        return count;
    }

    void map(AddressRange range, int prot, int fd, long offset) {
        if (carriesOn(SystemCalls.MMAP, range, prot)
                && word(count - 1, FD) == fd
                && word(count - 1, OFFSET) + word(count - 1, LENGTH) == offset) {
            extend(range);
            return;
        }
        add(SystemCalls.MMAP, range, prot);
        set(count - 1, FLAGS, MAP_FLAGS);
        set(count - 1, FD, fd);
        set(count - 1, OFFSET, offset);
    }

    void protect(AddressRange range, int prot) {
        if (carriesOn(SystemCalls.MPROTECT, range, prot)) {
            extend(range);
        } else {
            add(SystemCalls.MPROTECT, range, prot);
        }
    }

    void unmap(AddressRange range) {
        if (carriesOn(SystemCalls.MUNMAP, range, 0)) {
            extend(range);
        } else {
            add(SystemCalls.MUNMAP, range, 0);
        }
    }

    /** Writes entries from one index on into a batch page, as many as fit; returns how many. */
    int copyTo(MemorySegment page, int from) {
        int copied = Math.min(count - from, StubPage.BYTES / StubPage.ENTRY_BYTES);
        MemorySegment.copy(
                MemorySegment.ofArray(words),
                (long) from * StubPage.ENTRY_BYTES,
                page,
                0,
                (long) copied * StubPage.ENTRY_BYTES);
        return copied;
    }

    /** The name of a call, for a message. */
    String nameOf(int index) {
        return switch ((int) word(index, NUMBER)) {
            case SystemCalls.MMAP -> "mmap(guest)";
            case SystemCalls.MPROTECT -> "mprotect(guest)";
            default -> "munmap(guest)";
        };
    }

    /** The arguments of a call, for a message. */
    long[] argumentsOf(int index) {
        int start = index * ENTRY_WORDS + 1;
        return Arrays.copyOfRange(words, start, start + ENTRY_WORDS - 1);
    }

    void clear() {
        count = 0;
    }

    private boolean carriesOn(int number, AddressRange range, int prot) {
        return count > 0
                && word(count - 1, NUMBER) == number
                && word(count - 1, ADDRESS) + word(count - 1, LENGTH) == range.start()
                && word(count - 1, PROT) == prot;
    }

    private void extend(AddressRange range) {
        set(count - 1, LENGTH, word(count - 1, LENGTH) + range.length());
    }

    private void add(int number, AddressRange range, int prot) {
        if ((count + 1) * ENTRY_WORDS > words.length) {
            words = Arrays.copyOf(words, words.length * 2);
        }
        Arrays.fill(words, count * ENTRY_WORDS, (count + 1) * ENTRY_WORDS, 0);
        count++;
        set(count - 1, NUMBER, number);
        set(count - 1, ADDRESS, range.start());
        set(count - 1, LENGTH, range.length());
        set(count - 1, PROT, prot);
    }

    private long word(int index, int word) {
        return words[index * ENTRY_WORDS + word];
    }

    private void set(int index, int word, long value) {
        words[index * ENTRY_WORDS + word] = value;
    }
}
