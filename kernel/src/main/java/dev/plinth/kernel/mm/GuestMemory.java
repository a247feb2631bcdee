package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.io.IoBuffer;

import java.lang.foreign.MemorySegment;
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
 * <p>Every method throws {@link dev.plinth.kernel.errno.ErrnoException} EFAULT if some of the
 * memory cannot be accessed; a write may have been done in part.
 */
public final class GuestMemory {
    GuestMemory() {}

    /** Copies as many bytes from the guest as the destination has. */
    public void copyIn(long address, MemorySegment destination) {
        throw new UnsupportedOperationException();
    }

    /** Copies bytes from the guest. */
    public byte[] copyIn(long address, int length) {
        throw new UnsupportedOperationException();
    }

    /** Copies all bytes of the source to the guest. */
    public void copyOut(long address, MemorySegment source) {
        throw new UnsupportedOperationException();
    }

    /** Copies all bytes of the source to the guest. */
    public void copyOut(long address, byte[] source) {
        throw new UnsupportedOperationException();
    }

    /** Makes bytes of the guest zero. */
    public void zero(long address, long length) {
        throw new UnsupportedOperationException();
    }

    public byte readByte(long address) {
        throw new UnsupportedOperationException();
    }

    public short readShort(long address) {
        throw new UnsupportedOperationException();
    }

    public int readInt(long address) {
        throw new UnsupportedOperationException();
    }

    public long readLong(long address) {
        throw new UnsupportedOperationException();
    }

    public void writeByte(long address, byte value) {
        throw new UnsupportedOperationException();
    }

    public void writeShort(long address, short value) {
        throw new UnsupportedOperationException();
    }

    public void writeInt(long address, int value) {
        throw new UnsupportedOperationException();
    }

    public void writeLong(long address, long value) {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads an int atomically, as futex(2) does.
     *
     * @param address a multiple of four
     */
    public int readIntAtomically(long address) {
        throw new UnsupportedOperationException();
    }

    /**
     * Replaces an int atomically if it has an expected value; needs write access in any case.
     *
     * @param address a multiple of four
     * @return the value that was found
     */
    public int compareAndExchangeInt(long address, int expected, int value) {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads a string that ends with a zero byte.
     *
     * @param limit how many bytes, with the zero byte, are read at most; nothing behind the string
     *     needs to be accessible
     * @return the string without its zero byte, or empty if there is none within the limit
     */
    public Optional<byte[]> readString(long address, int limit) {
        throw new UnsupportedOperationException();
    }

    /**
     * Reads an array of {@code struct iovec}.
     *
     * @param count how many there are
     * @return the buffers, in all at most 0x7ffff000 bytes ({@code MAX_RW_COUNT}); what is beyond
     *     is cut off
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT, also for a buffer that does not lie
     *     within user addresses; EINVAL if there are more than 1024 or a length is negative
     */
    public List<AddressRange> readIovec(long address, long count) {
        throw new UnsupportedOperationException();
    }

    /**
     * A buffer whose bytes are read from the guest, such as for write(2).
     *
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT at once if it does not lie within user
     *     addresses; whether it can be accessed is found when it is used
     */
    public IoBuffer source(long address, long length) {
        throw new UnsupportedOperationException();
    }

    /** A buffer of several pieces whose bytes are read from the guest, such as for writev(2). */
    public IoBuffer source(List<AddressRange> pieces) {
        throw new UnsupportedOperationException();
    }

    /**
     * A buffer whose bytes are written to the guest, such as for read(2).
     *
     * @throws dev.plinth.kernel.errno.ErrnoException EFAULT at once if it does not lie within user
     *     addresses; whether it can be accessed is found when it is used
     */
    public IoBuffer destination(long address, long length) {
        throw new UnsupportedOperationException();
    }

    /** A buffer of several pieces whose bytes are written to the guest, such as for readv(2). */
    public IoBuffer destination(List<AddressRange> pieces) {
        throw new UnsupportedOperationException();
    }
}
