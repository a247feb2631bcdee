package dev.plinth.platform.ptrace;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

import java.util.Arrays;

/**
 * What is mapped in an address space, and with which access.
 *
 * <p>A function of the address that is constant between bounds, as two sorted arrays: no object a
 * mapping, a binary search a look-up, and a change moves a few hundred bytes.
 *
 * <p>Not thread-safe: guarded by the address space's lock.
 */
final class MappedAccess {
    private static final byte UNMAPPED = -1;

    /** {@code access[i]} holds from {@code bounds[i]} up to {@code bounds[i + 1]}. */
    private long[] bounds = new long[32];

    private byte[] access = new byte[32];
    private int size;

    MappedAccess() {
        bounds[0] = Long.MIN_VALUE;
        access[0] = UNMAPPED;
        size = 1;
    }

    /** Notes a mapping. */
    void map(AddressRange range, AccessType newAccess) {
        set(range, (byte) newAccess.prot());
    }

    /** Notes that there is no mapping any more. */
    void unmap(AddressRange range) {
        set(range, UNMAPPED);
    }

    /** Whether all of a range is mapped. */
    boolean isMapped(AddressRange range) {
        for (int i = indexOf(range.start()); i < size && bounds[i] < range.end(); i++) {
            if (access[i] == UNMAPPED) {
                return false;
            }
        }
        return true;
    }

    /** Whether the page of an address is mapped and can be read. */
    boolean isReadable(long address) {
        return has(address, AccessType.PROT_READ);
    }

    /** Whether the page of an address is mapped and can be executed. */
    boolean isExecutable(long address) {
        return has(address, AccessType.PROT_EXEC);
    }

    private boolean has(long address, int prot) {
        byte found = access[indexOf(address)];
        return found != UNMAPPED && (found & prot) != 0;
    }

    /** The last index whose bound is not above the address. */
    private int indexOf(long address) {
        int found = Arrays.binarySearch(bounds, 0, size, address);
        return found >= 0 ? found : -found - 2;
    }

    private void set(AddressRange range, byte value) {
        int first = indexOf(range.start());
        int last = indexOf(range.end());
        final byte behind = access[last];
        // The pieces that begin in the range give way to one that begins with it and one behind it,
        // each left out where its neighbour to the left has the same access.
        int from = bounds[first] == range.start() ? first : first + 1;
        boolean startsNew = from == 0 || access[from - 1] != value;
        boolean endsNew = behind != value;
        int added = (startsNew ? 1 : 0) + (endsNew ? 1 : 0);
        replace(from, last + 1, added);
        if (startsNew) {
            put(from, range.start(), value);
        }
        if (endsNew) {
            put(from + added - 1, range.end(), behind);
        }
    }

    /** Makes room for {@code added} pieces in place of those in {@code [from, to)}. */
    private void replace(int from, int to, int added) {
        int newSize = size - (to - from) + added;
        if (newSize > bounds.length) {
            bounds = Arrays.copyOf(bounds, newSize * 2);
            access = Arrays.copyOf(access, newSize * 2);
        }
        System.arraycopy(bounds, to, bounds, from + added, size - to);
        System.arraycopy(access, to, access, from + added, size - to);
        size = newSize;
    }

    private void put(int index, long bound, byte value) {
        bounds[index] = bound;
        access[index] = value;
    }
}
