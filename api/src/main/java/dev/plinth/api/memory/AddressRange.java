package dev.plinth.api.memory;

/**
 * A half-open range of user addresses, {@code [start, end)}.
 *
 * @param start the first address, not negative
 * @param end the address behind the last one, not below {@code start}
 */
public record AddressRange(long start, long end) {
    public AddressRange {
        if (start < 0 || end < start) {
            throw new IllegalArgumentException("not a range: 0x%x-0x%x".formatted(start, end));
        }
    }

    /**
     * The range of {@code length} bytes from {@code start}.
     *
     * @throws IllegalArgumentException if the start or length is negative, or if the end would
     *     overflow
     */
    public static AddressRange ofLength(long start, long length) {
        if (length < 0 || start + length < 0) {
            throw new IllegalArgumentException("not a range: 0x%x + 0x%x".formatted(start, length));
        }
        return new AddressRange(start, start + length);
    }

    /** The number of bytes. */
    public long length() {
        return end - start;
    }

    /** Whether the range holds no address. */
    public boolean isEmpty() {
        return start == end;
    }

    /** Whether both ends are multiples of the page size. */
    public boolean isPageAligned() {
        return Pages.isAligned(start) && Pages.isAligned(end);
    }

    /** Whether the address lies in the range. */
    public boolean contains(long address) {
        return address >= start && address < end;
    }

    /** Whether the other range lies in this one; an empty one does if its start touches it. */
    public boolean contains(AddressRange other) {
        return other.start >= start && other.end <= end;
    }

    /** Whether some address lies in both. */
    public boolean overlaps(AddressRange other) {
        return start < other.end && other.start < end;
    }

    /** The addresses that lie in both; an empty range where there are none. */
    public AddressRange intersect(AddressRange other) {
        long from = Math.max(start, other.start);
        return new AddressRange(from, Math.max(from, Math.min(end, other.end)));
    }

    /** Hexadecimal, as in /proc/[pid]/maps: {@code 400000-401000}. */
    @Override
    public String toString() {
        return Long.toHexString(start) + "-" + Long.toHexString(end);
    }

    // Written out: those of a record are linked when they are first used, which takes a
    // millisecond.
    @Override
    public boolean equals(Object other) {
        return other instanceof AddressRange range && start == range.start && end == range.end;
    }

    @Override
    public int hashCode() {
        return 31 * Long.hashCode(start) + Long.hashCode(end);
    }
}
