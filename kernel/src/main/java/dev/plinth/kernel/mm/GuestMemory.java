package dev.plinth.kernel.mm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process's memory as system calls read and write it.
 *
 * <p>Each access does what an access by the process's own instructions would do: it is checked
 * against the mapping, pages are brought in or copied, stacks grow. Where those would fault, it
 * fails with EFAULT. Any thread may call any method, while others map and unmap. Nothing is atomic
 * but what says so; other threads of the guest write meanwhile, so a structure is copied in once
 * and checked then.
 *
 * <p>Every method throws {@link ErrnoException} EFAULT if some of the memory cannot be accessed; a
 * write may have been done in part.
 */
@SavedWith(MemoryManager.class)
public final class GuestMemory {
    /** What one read or write moves at most: {@code MAX_RW_COUNT} of Linux. */
    public static final long MAX_TRANSFER = 0x7fff_f000L;

    /** {@code UIO_MAXIOV}. */
    private static final int MAX_IOVECS = 1024;

    private static final int IOVEC_BYTES = 16;

    /** Pages are brought in for at most this much before it is known how much is needed. */
    private static final long FAULT_IN = 64 << 10;

    /** Strings are copied by pieces of this size. */
    private static final int STRING_PIECE = 256;

    private static final VarHandle INT = JAVA_INT.varHandle();

    private final MemoryManager manager;
    private final Pager pager;

    @NotSaved("the memory file, which is there before")
    private final MemorySegment view;

    private final AddressRange userAddresses;

    GuestMemory(MemoryManager manager, Pager pager, AddressRange userAddresses) {
        this.manager = manager;
        this.pager = pager;
        this.view = pager.memory().all();
        this.userAddresses = userAddresses;
    }

    /** Copies as many bytes from the guest as the destination has. */
    public void copyIn(long address, MemorySegment destination) {
        all(
                address,
                destination.byteSize(),
                AccessType.READ,
                (offset, done, length) -> {
                    MemorySegment.copy(view, offset, destination, done, length);
                    return length;
                });
    }

    /** Copies bytes from the guest. */
    public byte[] copyIn(long address, int length) {
        byte[] bytes = new byte[length];
        copyIn(address, MemorySegment.ofArray(bytes));
        return bytes;
    }

    /** Copies all bytes of the source to the guest. */
    public void copyOut(long address, MemorySegment source) {
        all(
                address,
                source.byteSize(),
                AccessType.WRITE,
                (offset, done, length) -> {
                    MemorySegment.copy(source, done, view, offset, length);
                    return length;
                });
    }

    /** Copies all bytes of the source to the guest. */
    public void copyOut(long address, byte[] source) {
        copyOut(address, MemorySegment.ofArray(source));
    }

    /** Makes bytes of the guest zero. */
    public void zero(long address, long length) {
        all(
                address,
                length,
                AccessType.WRITE,
                (offset, done, part) -> {
                    view.asSlice(offset, part).fill((byte) 0);
                    return part;
                });
    }

    /** Reads one byte. */
    public byte readByte(long address) {
        return (byte) read(address, Byte.BYTES);
    }

    /** Reads two bytes, at any address. */
    public short readShort(long address) {
        return (short) read(address, Short.BYTES);
    }

    /** Reads four bytes, at any address. */
    public int readInt(long address) {
        return (int) read(address, Integer.BYTES);
    }

    /** Reads eight bytes, at any address. */
    public long readLong(long address) {
        return read(address, Long.BYTES);
    }

    private long read(long address, int size) {
        pager.readLock().lock();
        try {
            Pma pma = pager.findAllowed(address, AccessType.READ);
            if (pma != null && pma.end - address >= size) {
                return get(view, pma.offsetOf(address), size);
            }
        } finally {
            pager.readLock().unlock();
        }
        return get(MemorySegment.ofArray(copyIn(address, size)), 0, size);
    }

    private static long get(MemorySegment memory, long offset, int size) {
        return switch (size) {
            case Byte.BYTES -> memory.get(JAVA_BYTE, offset);
            case Short.BYTES -> memory.get(JAVA_SHORT_UNALIGNED, offset);
            case Integer.BYTES -> memory.get(JAVA_INT_UNALIGNED, offset);
            default -> memory.get(JAVA_LONG_UNALIGNED, offset);
        };
    }

    /** Writes one byte. */
    public void writeByte(long address, byte value) {
        write(address, value, Byte.BYTES);
    }

    /** Writes two bytes, at any address. */
    public void writeShort(long address, short value) {
        write(address, value, Short.BYTES);
    }

    /** Writes four bytes, at any address. */
    public void writeInt(long address, int value) {
        write(address, value, Integer.BYTES);
    }

    /** Writes eight bytes, at any address. */
    public void writeLong(long address, long value) {
        write(address, value, Long.BYTES);
    }

    private void write(long address, long value, int size) {
        pager.readLock().lock();
        try {
            Pma pma = pager.findAllowed(address, AccessType.WRITE);
            if (pma != null && pma.end - address >= size) {
                set(view, pma.offsetOf(address), value, size);
                return;
            }
        } finally {
            pager.readLock().unlock();
        }
        byte[] bytes = new byte[size];
        set(MemorySegment.ofArray(bytes), 0, value, size);
        copyOut(address, bytes);
    }

    private static void set(MemorySegment memory, long offset, long value, int size) {
        switch (size) {
            case Byte.BYTES -> memory.set(JAVA_BYTE, offset, (byte) value);
            case Short.BYTES -> memory.set(JAVA_SHORT_UNALIGNED, offset, (short) value);
            case Integer.BYTES -> memory.set(JAVA_INT_UNALIGNED, offset, (int) value);
            default -> memory.set(JAVA_LONG_UNALIGNED, offset, value);
        }
    }

    /**
     * Does nothing if memory can be accessed, having brought it in.
     *
     * @throws ErrnoException EFAULT if it cannot
     */
    public void requireAccess(long address, long length, AccessType access) {
        all(address, length, access, (offset, done, part) -> part);
    }

    /**
     * Reads an int atomically, as futex(2) does.
     *
     * @param address a multiple of four
     */
    public int readIntAtomically(long address) {
        int[] value = new int[1];
        all(
                address,
                Integer.BYTES,
                AccessType.READ,
                (offset, done, length) -> {
                    value[0] = (int) INT.getVolatile(view, offset);
                    return length;
                });
        return value[0];
    }

    /**
     * Replaces an int atomically if it has an expected value; needs write access in any case.
     *
     * @param address a multiple of four
     * @return the value that was found
     */
    public int compareAndExchangeInt(long address, int expected, int value) {
        int[] found = new int[1];
        all(
                address,
                Integer.BYTES,
                AccessType.WRITE,
                (offset, done, length) -> {
                    found[0] = (int) INT.compareAndExchange(view, offset, expected, value);
                    return length;
                });
        return found[0];
    }

    /**
     * Reads a string that ends with a zero byte.
     *
     * @param limit how many bytes, with the zero byte, are read at most; nothing behind the string
     *     needs to be accessible
     * @return the string without its zero byte, or empty if there is none within the limit
     */
    public Optional<byte[]> readString(long address, int limit) {
        ByteArrayOutputStream string = new ByteArrayOutputStream(STRING_PIECE);
        byte[] piece = new byte[Math.min(limit, STRING_PIECE)];
        long at = address;
        while (string.size() < limit) {
            // Never over the end of a page, for the next one may not be accessible.
            int length =
                    (int)
                            Math.min(
                                    Math.min(piece.length, limit - string.size()),
                                    Pages.SIZE - (at & (Pages.SIZE - 1)));
            copyIn(at, MemorySegment.ofArray(piece).asSlice(0, length));
            for (int i = 0; i < length; i++) {
                if (piece[i] == 0) {
                    string.write(piece, 0, i);
                    return Optional.of(string.toByteArray());
                }
            }
            string.write(piece, 0, length);
            at += length;
        }
        return Optional.empty();
    }

    /**
     * Reads an array of {@code struct iovec}.
     *
     * @param count how many there are
     * @return the buffers, in all at most {@link #MAX_TRANSFER} bytes; what is beyond is cut off
     * @throws ErrnoException EFAULT, also for a buffer that does not lie within user addresses;
     *     EINVAL if there are more than 1024 or a length is negative
     */
    public List<AddressRange> readIovec(long address, long count) {
        if (count < 0 || count > MAX_IOVECS) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        MemorySegment array = MemorySegment.ofArray(copyIn(address, (int) count * IOVEC_BYTES));
        for (int i = 0; i < count; i++) {
            if (array.get(JAVA_LONG_UNALIGNED, (long) i * IOVEC_BYTES + Long.BYTES) < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
        }
        List<AddressRange> buffers = new ArrayList<>((int) count);
        long left = MAX_TRANSFER;
        for (int i = 0; i < count; i++) {
            AddressRange buffer =
                    userRange(
                            array.get(JAVA_LONG_UNALIGNED, (long) i * IOVEC_BYTES),
                            array.get(JAVA_LONG_UNALIGNED, (long) i * IOVEC_BYTES + Long.BYTES));
            long length = Math.min(buffer.length(), left);
            buffers.add(AddressRange.ofLength(buffer.start(), length));
            left -= length;
        }
        return buffers;
    }

    private AddressRange userRange(long address, long length) {
        if (address < 0 || length < 0 || address > userAddresses.end() - length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
        return AddressRange.ofLength(address, length);
    }

    /**
     * A buffer whose bytes are read from the guest, such as for write(2).
     *
     * @param length what is beyond {@link #MAX_TRANSFER} is cut off
     * @throws ErrnoException EFAULT at once if it does not lie within user addresses; whether it
     *     can be accessed is found when it is used
     */
    public IoBuffer source(long address, long length) {
        return buffer(address, length, AccessType.READ);
    }

    /** A buffer of several pieces whose bytes are read from the guest, such as for writev(2). */
    public IoBuffer source(List<AddressRange> pieces) {
        return new GuestBuffer(this, pieces, AccessType.READ);
    }

    /**
     * A buffer whose bytes are written to the guest, such as for read(2).
     *
     * @param length what is beyond {@link #MAX_TRANSFER} is cut off
     * @throws ErrnoException EFAULT at once if it does not lie within user addresses; whether it
     *     can be accessed is found when it is used
     */
    public IoBuffer destination(long address, long length) {
        return buffer(address, length, AccessType.WRITE);
    }

    /** A buffer of several pieces whose bytes are written to the guest, such as for readv(2). */
    public IoBuffer destination(List<AddressRange> pieces) {
        return new GuestBuffer(this, pieces, AccessType.WRITE);
    }

    private IoBuffer buffer(long address, long length, AccessType access) {
        AddressRange range = userRange(address, length);
        long bytes = Math.min(length, MAX_TRANSFER);
        return new GuestBuffer(this, List.of(AddressRange.ofLength(range.start(), bytes)), access);
    }

    /** Does something with bytes that lie together in the memory file. */
    interface Piece {
        /**
         * Does it, under the active lock.
         *
         * @param offset of the bytes in the memory file
         * @param done how many bytes there were before
         * @param length how many these are
         * @return how many were done; fewer than there are ends the whole
         */
        long apply(long offset, long done, long length);
    }

    private void all(long address, long length, AccessType access, Piece piece) {
        if (each(address, length, access, piece) < length) {
            throw ErrnoException.of(Errno.EFAULT);
        }
    }

    /**
     * Does something with a range of the guest's bytes, piece by piece.
     *
     * @return how many bytes were done before the end, before one that cannot be accessed, or
     *     before the piece wanted no more
     */
    long each(long address, long length, AccessType access, Piece piece) {
        long done = 0;
        while (done < length) {
            long at = address + done;
            pager.readLock().lock();
            try {
                Pma pma = pager.findAllowed(at, access);
                if (pma != null) {
                    long part = Math.min(length - done, pma.end - at);
                    long moved = piece.apply(pma.offsetOf(at), done, part);
                    done += moved;
                    if (moved < part) {
                        return done;
                    }
                    continue;
                }
            } finally {
                pager.readLock().unlock();
            }
            long wanted = Math.min(length - done, FAULT_IN);
            FaultOutcome outcome = manager.faultIn(at, wanted, access);
            if (outcome == FaultOutcome.OUT_OF_MEMORY && manager.makeRoom()) {
                outcome = manager.faultIn(at, wanted, access);
            }
            if (outcome != FaultOutcome.RESOLVED) {
                return done;
            }
        }
        return done;
    }

    /** A part of the memory file, for the time of a {@link Piece}. */
    MemorySegment slice(long offset, long length) {
        return view.asSlice(offset, length);
    }
}
