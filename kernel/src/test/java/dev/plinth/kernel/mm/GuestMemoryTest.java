package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.MemoryManagerTest.assertErrno;
import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_NORESERVE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.memory.MemoryFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;

@Timeout(60)
final class GuestMemoryTest {
    private static final int R = AccessType.PROT_READ;
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final int ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
    private static final int PAGE = 4096;
    private static final long BASE = 0x1000_0000L;

    /** Two pages that can be written, one that cannot, and nothing behind. */
    private static final long READ_ONLY = BASE + 2 * PAGE;

    private static final long END = BASE + 3 * PAGE;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 1L << 30, 256 << 20);
    private final TestProcess process = TestProcess.create(memory);
    private final MemoryManager mm = process.manager();
    private final GuestMemory guest = process.guestMemory();

    @BeforeEach
    void map() {
        mm.mmap(BASE, 2 * PAGE, RW, ANONYMOUS | MAP_FIXED);
        mm.mmap(READ_ONLY, PAGE, R, ANONYMOUS | MAP_FIXED);
    }

    @AfterEach
    void closingLeavesNoPage() {
        process.close();
        assertErrno(Errno.EFAULT, () -> guest.readInt(BASE));
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
    }

    @Test
    void numbersAreReadAndWrittenAnywhere() {
        for (long address : new long[] {BASE, BASE + 1, BASE + PAGE - 3}) {
            guest.writeLong(address, 0x0102_0304_0506_0708L);
            assertEquals(0x0102_0304_0506_0708L, guest.readLong(address));
            assertEquals(0x0506_0708, guest.readInt(address));
            assertEquals(0x0708, guest.readShort(address));
            assertEquals(8, guest.readByte(address));
            assertEquals(8, process.load(address));
            guest.writeInt(address, 1);
            guest.writeShort(address + 4, (short) 2);
            guest.writeByte(address + 6, (byte) 3);
            assertEquals(0x0103_0002_0000_0001L, guest.readLong(address));
        }
    }

    @Test
    void whatCannotBeAccessedIsAFault() {
        guest.readLong(END - 8);
        assertErrno(Errno.EFAULT, () -> guest.readLong(END - 7));
        assertErrno(Errno.EFAULT, () -> guest.writeLong(READ_ONLY - 7, 1));
        assertErrno(Errno.EFAULT, () -> guest.readByte(0));
        assertErrno(Errno.EFAULT, () -> guest.readByte(-1));
        assertErrno(Errno.EFAULT, () -> guest.readLong(Long.MAX_VALUE - 3));
        assertErrno(Errno.EFAULT, () -> guest.copyIn(BASE, 3 * PAGE + 1));
        assertErrno(Errno.EFAULT, () -> guest.copyOut(BASE, new byte[2 * PAGE + 1]));
    }

    @Test
    void bytesAreCopiedOverPagesThatLieApart() {
        // A hole that is filled again lies elsewhere in the memory file.
        mm.munmap(BASE + PAGE, PAGE);
        guest.writeByte(BASE, (byte) 0);
        mm.mmap(BASE + 16 * PAGE, 3 * PAGE, RW, ANONYMOUS | MAP_FIXED);
        mm.mmap(BASE + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED);
        byte[] bytes = new byte[2 * PAGE];
        new SplittableRandom(1).nextBytes(bytes);
        guest.copyOut(BASE, bytes);
        assertArrayEquals(bytes, guest.copyIn(BASE, bytes.length));
        guest.zero(BASE + 10, PAGE);
        assertEquals(bytes[9], guest.readByte(BASE + 9));
        assertEquals(0, guest.readByte(BASE + 10));
        assertEquals(0, guest.readByte(BASE + PAGE + 9));
        assertEquals(bytes[PAGE + 10], guest.readByte(BASE + PAGE + 10));
    }

    @Test
    void stringsEndAtTheirZeroByte() {
        String text = "x".repeat(300);
        guest.copyOut(END - 301 - PAGE, (text + "\0").getBytes(StandardCharsets.US_ASCII));
        assertEquals(text, string(END - 301 - PAGE, 4096));
        assertEquals(text, string(END - 301 - PAGE, 301));
        assertEquals(Optional.empty(), guest.readString(END - 301 - PAGE, 300));
        assertEquals("", string(READ_ONLY, 1));
        assertEquals(Optional.empty(), guest.readString(READ_ONLY, 0));
    }

    @Test
    void aStringMayEndWhereMemoryEnds() {
        long last = BASE + 5 * PAGE;
        mm.mmap(last, PAGE, RW, ANONYMOUS | MAP_FIXED);
        guest.copyOut(last + PAGE - 4, "abc\0".getBytes(StandardCharsets.US_ASCII));
        assertEquals("abc", string(last + PAGE - 4, 4096));
        guest.writeByte(last + PAGE - 1, (byte) 'd');
        assertErrno(Errno.EFAULT, () -> guest.readString(last + PAGE - 4, 4096));
        assertEquals(Optional.empty(), guest.readString(last + PAGE - 4, 4));
    }

    private String string(long address, int limit) {
        return new String(
                guest.readString(address, limit).orElseThrow(), StandardCharsets.US_ASCII);
    }

    @Test
    void iovecsAreCheckedAsLinuxDoes() {
        assertEquals(List.of(), guest.readIovec(BASE, 0));
        assertErrno(Errno.EINVAL, () -> guest.readIovec(BASE, 1025));
        assertErrno(Errno.EINVAL, () -> guest.readIovec(BASE, -1));
        assertErrno(Errno.EFAULT, () -> guest.readIovec(END - 8, 1));
        putIovec(0, BASE, 5);
        putIovec(1, 7, 0);
        putIovec(2, BASE, Integer.MAX_VALUE);
        List<AddressRange> buffers = guest.readIovec(BASE, 3);
        assertEquals(5, buffers.get(0).length());
        assertEquals(GuestMemory.MAX_TRANSFER - 5, buffers.get(2).length());
        putIovec(2, -1, 1);
        assertErrno(Errno.EFAULT, () -> guest.readIovec(BASE, 3));
        putIovec(2, -1, -1);
        assertErrno(Errno.EINVAL, () -> guest.readIovec(BASE, 3));
    }

    private void putIovec(int index, long base, long length) {
        guest.writeLong(BASE + index * 16L, base);
        guest.writeLong(BASE + index * 16L + 8, length);
    }

    @Test
    void buffersMoveWhatTheyCanAndReportAFaultOnlyFirst() {
        IoBuffer buffer = guest.destination(BASE + PAGE, 2 * PAGE);
        assertEquals(PAGE, buffer.transfer(piece -> piece.fill((byte) 5).byteSize()));
        assertEquals(PAGE, buffer.remaining());
        assertErrno(Errno.EFAULT, () -> buffer.transfer(MemorySegment::byteSize));
        assertEquals(5, process.load(READ_ONLY - 1));
        IoBuffer source = guest.source(BASE + PAGE, 3 * PAGE);
        assertEquals(2 * PAGE, source.transfer(MemorySegment::byteSize));
        assertEquals(0, guest.source(0, 0).transfer(MemorySegment::byteSize));
        assertErrno(Errno.EFAULT, () -> guest.source(-1, 1));
        assertErrno(Errno.EFAULT, () -> guest.destination(BASE, -1));
    }

    @Test
    void aTransferEndsWhereItTakesNoMore() {
        IoBuffer buffer = guest.source(BASE, 100);
        assertEquals(30, buffer.transfer(piece -> Math.min(30, piece.byteSize())));
        assertEquals(10, buffer.transfer(10, MemorySegment::byteSize));
        assertEquals(60, buffer.remaining());
        assertEquals(0, buffer.transfer(piece -> 0));
        guest.writeByte(BASE + 40, (byte) 77);
        buffer.transfer(piece -> check(piece.get(ValueLayout.JAVA_BYTE, 0) == 77));
    }

    private static long check(boolean holds) {
        assertTrue(holds);
        return 1;
    }

    @Test
    void aFailingTransferCountsWhatWasMovedBefore() {
        List<AddressRange> pieces =
                List.of(
                        AddressRange.ofLength(BASE, 10),
                        AddressRange.ofLength(BASE + 100, 0),
                        AddressRange.ofLength(BASE + 200, 10));
        IoBuffer.Transfer failsLate =
                new IoBuffer.Transfer() {
                    private int calls;

                    @Override
                    public long apply(MemorySegment piece) {
                        if (calls++ > 0) {
                            throw ErrnoException.of(Errno.EIO);
                        }
                        return piece.byteSize();
                    }
                };
        IoBuffer buffer = guest.source(pieces);
        assertEquals(20, buffer.remaining());
        assertEquals(10, buffer.transfer(failsLate));
        assertErrno(Errno.EIO, () -> buffer.transfer(failsLate));
        assertEquals(10, buffer.remaining());
        assertEquals(10, buffer.transfer(MemorySegment::byteSize));
    }

    @Test
    void aLargeBufferTakesMemoryAsItIsFilled() {
        long address = mm.mmap(0, 128 << 20, RW, ANONYMOUS | MAP_NORESERVE);
        long before = memory.statistics().allocatedBytes();
        assertEquals(1, guest.destination(address, 128 << 20).transfer(piece -> 1));
        assertEquals(2 << 20, memory.statistics().allocatedBytes() - before);
    }

    @Test
    void wordsAreExchangedAtomically() throws Exception {
        int threads = 4;
        int rounds = 20_000;
        List<Callable<Void>> adders = new ArrayList<>();
        for (int i = 0; i < threads; i++) {
            adders.add(() -> {
                for (int n = 0; n < rounds; n++) {
                    int value;
                    do {
                        value = guest.readIntAtomically(BASE);
                    } while (guest.compareAndExchangeInt(BASE, value, value + 1) != value);
                }
                return null;
            });
        }
        run(adders);
        assertEquals(threads * rounds, guest.readInt(BASE));
        assertErrno(Errno.EFAULT, () -> guest.compareAndExchangeInt(READ_ONLY, 0, 0));
    }

    @Test
    void accessIsSafeWhileOthersUnmapProtectAndFork() throws Exception {
        AtomicBoolean stop = new AtomicBoolean();
        long shifting = BASE + 64 * PAGE;
        List<Callable<Void>> threads = new ArrayList<>();
        threads.add(() -> {
            SplittableRandom random = new SplittableRandom(7);
            for (int i = 0; i < 1500; i++) {
                long address = shifting + random.nextInt(24) * (long) PAGE;
                long length = (1 + random.nextInt(8)) * (long) PAGE;
                switch (random.nextInt(5)) {
                    case 0 -> mm.munmap(address, length);
                    case 1 -> tryProtect(address, length, random.nextInt(4));
                    case 2 ->
                            mm.fork(new FakeAddressSpace(), new FakeLimits(), ForkHints.NONE)
                                    .close();
                    default -> mm.mmap(address, length, RW, ANONYMOUS | MAP_FIXED);
                }
            }
            stop.set(true);
            return null;
        });
        for (int t = 0; t < 3; t++) {
            byte mark = (byte) (t + 1);
            threads.add(() -> {
                SplittableRandom random = new SplittableRandom(mark);
                byte[] bytes = new byte[3 * PAGE];
                while (!stop.get()) {
                    tryAccess(shifting + random.nextInt(24 * PAGE), bytes, mark);
                }
                return null;
            });
        }
        run(threads);
    }

    private void tryProtect(long address, long length, int prot) {
        try {
            mm.mprotect(address, length, prot);
        } catch (ErrnoException e) {
            assertEquals(Errno.ENOMEM, e.errno());
        }
    }

    private void tryAccess(long address, byte[] bytes, byte mark) {
        try {
            guest.writeByte(address, mark);
            guest.copyIn(address, MemorySegment.ofArray(bytes));
            guest.copyOut(address, bytes);
        } catch (ErrnoException e) {
            assertEquals(Errno.EFAULT, e.errno());
        }
    }

    private static void run(List<Callable<Void>> tasks) throws Exception {
        try (ExecutorService executor = Executors.newFixedThreadPool(tasks.size())) {
            for (Future<Void> result : executor.invokeAll(tasks)) {
                result.get();
            }
        }
    }

    @Test
    void wrongUseIsAMistakeOfTheKernels() {
        assertThrows(
                IllegalArgumentException.class, () -> guest.compareAndExchangeInt(BASE + 2, 0, 0));
    }
}
