package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MADV_DONTFORK;
import static dev.plinth.kernel.mm.linux.Mman.MADV_REMOVE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.memory.MemorySnapshot;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

/** Memory that is saved, and restored from the image. */
@Timeout(60)
final class CheckpointTest {
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final int ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS;
    private static final long PAGE = 4096;
    private static final long BASE = 0x1000_0000L;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 8L << 30, 1L << 30);
    private final TestProcess process = TestProcess.create(memory);
    private final MemoryManager mm = process.manager();

    @TempDir private Path temporary;

    @AfterEach
    void closingLeavesNoPage() {
        process.close();
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
    }

    private Path save(Compression compression, TestProcess... others) throws IOException {
        List<TestProcess> processes = new ArrayList<>(List.of(process));
        processes.addAll(List.of(others));
        Path directory = temporary.resolve("image");
        TestImage.write(directory, memory, processes, compression, () -> {});
        return directory;
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void memoryComesBackWhenItIsTouched(Compression compression) throws IOException {
        mm.mmap(BASE, 1024 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 1024; i += 2) {
            process.store(BASE + i * PAGE + 5, i % 100 + 1);
        }
        try (TestImage.Restored restored = TestImage.restore(save(compression), 1)) {
            TestProcess again = restored.first();
            assertEquals(0, again.addressSpace().mappedPages());
            for (int i = 1023; i >= 0; i--) {
                int expected = i % 2 == 0 ? i % 100 + 1 : 0;
                assertEquals(expected, again.load(BASE + i * PAGE + 5));
                assertEquals(expected, again.guestMemory().readByte(BASE + i * PAGE + 5));
            }
            again.store(BASE, 77);
            again.store(BASE + 3 * PAGE, 78);
            again.guestMemory().writeByte(BASE + 5 * PAGE, (byte) 79);
            assertEquals(77, again.load(BASE));
            assertEquals(1, again.load(BASE + 5));
            assertEquals(78, again.load(BASE + 3 * PAGE));
            assertEquals(79, again.load(BASE + 5 * PAGE));
            assertEquals(0, again.load(BASE + 2 * PAGE));
        }
        assertEquals(1, process.load(BASE + 5));
    }

    @Test
    void whatIsOnlyReadIsNotCopied() throws IOException {
        mm.mmap(BASE, 1024 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 1024; i++) {
            process.store(BASE + i * PAGE, 1);
        }
        try (TestImage.Restored restored = TestImage.restore(save(Compression.NONE), 1)) {
            for (int i = 0; i < 1024; i++) {
                assertEquals(1, restored.first().load(BASE + i * PAGE));
            }
            assertEquals(0, restored.memoryFile().statistics().allocatedBytes());
            assertEquals(1024, restored.first().manager().usage().resident());
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void forksStayApartAndShareWhatTheyShared(Compression compression) throws IOException {
        mm.mmap(BASE, 512 * PAGE, RW, ANONYMOUS);
        long shared = mm.mmap(0, 600 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        process.store(BASE, 1);
        process.store(shared + 599 * PAGE, 2);
        try (TestProcess child = process.fork()) {
            child.store(BASE + PAGE, 3);
            Path image = save(compression, child);
            try (Image read = Image.open(image)) {
                assertEquals(4, read.pageIndex().pages());
            }
            try (TestImage.Restored restored = TestImage.restore(image, 2)) {
                TestProcess parent = restored.processes().get(0);
                TestProcess other = restored.processes().get(1);
                assertEquals(1, other.load(BASE));
                assertEquals(3, other.load(BASE + PAGE));
                assertEquals(0, parent.load(BASE + PAGE));
                other.store(BASE, 4);
                assertEquals(1, parent.load(BASE));
                assertEquals(2, other.load(shared + 599 * PAGE));
                parent.store(shared, 9);
                assertEquals(9, other.load(shared));
                try (TestProcess grandchild = parent.fork()) {
                    parent.store(BASE + 100 * PAGE, 1);
                    assertEquals(0, grandchild.load(BASE + 100 * PAGE));
                    assertEquals(1, grandchild.load(BASE));
                    assertEquals(9, grandchild.load(shared));
                }
            }
        }
    }

    @Test
    void areasComeBackAsTheyWere() throws IOException {
        mm.mmap(BASE, 8 * PAGE, RW, ANONYMOUS);
        process.store(BASE + 2 * PAGE, 5);
        mm.mprotect(BASE + 2 * PAGE, PAGE, 0);
        mm.mprotect(BASE + 4 * PAGE, PAGE, AccessType.PROT_READ);
        mm.madvise(BASE + 6 * PAGE, PAGE, MADV_DONTFORK);
        mm.setBrkStart(0x2000_0000L);
        mm.brk(0x2000_0000L + 5000);
        mm.setProgram(
                new ProgramAreas(
                        new AddressRange(1, 2),
                        new AddressRange(3, 4),
                        5,
                        new AddressRange(6, 7),
                        new AddressRange(8, 9),
                        new AddressRange(10, 11)));
        try (TestImage.Restored restored = TestImage.restore(save(Compression.NONE), 1)) {
            TestProcess again = restored.first();
            MemoryManager manager = again.manager();
            assertEquals(mm.mappings(), manager.mappings());
            assertEquals(mm.program(), manager.program());
            assertEquals(mm.layout(), manager.layout());
            assertEquals(mm.brk(0), manager.brk(0));
            assertEquals(mm.usage().peakSize(), manager.usage().peakSize());
            assertEquals(mm.usage().peakResident(), manager.usage().peakResident());
            MemoryManagerTest.assertKilled(
                    FaultOutcome.SEGV_ACCERR, () -> again.load(BASE + 2 * PAGE));
            manager.mprotect(BASE + 2 * PAGE, PAGE, RW);
            assertEquals(5, again.load(BASE + 2 * PAGE));
            try (TestProcess child = again.fork()) {
                MemoryManagerTest.assertKilled(
                        FaultOutcome.SEGV_MAPERR, () -> child.load(BASE + 6 * PAGE));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void zerosOverAFileStayZeros(Compression compression) throws IOException {
        try (FakeFile file = new FakeFile(memory, 64 * PAGE)) {
            for (int i = 0; i < 64; i++) {
                file.put(i * PAGE, 7);
            }
            mm.mmap(BASE, 64 * PAGE, RW, MAP_PRIVATE, file, 0);
            process.store(BASE, 0);
            process.store(BASE + 20 * PAGE, 8);
            Path image = save(compression);
            FakeFile[] newFile = new FakeFile[1];
            TestImage.Restored restored =
                    TestImage.restore(
                            image,
                            1,
                            1L << 30,
                            newMemory -> {
                                newFile[0] = new FakeFile(newMemory, 64 * PAGE);
                                for (int i = 0; i < 64; i++) {
                                    newFile[0].put(i * PAGE, 7);
                                }
                                return newFile[0];
                            });
            try (restored) {
                TestProcess again = restored.first();
                assertEquals(1, newFile[0].references());
                assertEquals(0, again.load(BASE));
                assertEquals(8, again.load(BASE + 20 * PAGE));
                assertEquals(7, again.load(BASE + 40 * PAGE));
                again.manager().munmap(BASE, 64 * PAGE);
                assertEquals(0, newFile[0].references());
                newFile[0].close();
            }
            mm.munmap(BASE, 64 * PAGE);
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void imagesOfRestoredProcessesHaveItAll(Compression compression) throws IOException {
        mm.mmap(BASE, 1024 * PAGE, RW, ANONYMOUS);
        long shared = mm.mmap(0, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        for (int i = 0; i < 1024; i += 3) {
            process.store(BASE + i * PAGE, i % 100 + 1);
        }
        process.store(shared + 3 * PAGE, 4);
        Path image = save(compression);
        for (int generation = 1; generation < 5; generation++) {
            Path next = temporary.resolve("image" + generation);
            try (TestImage.Restored restored = TestImage.restore(image, 1)) {
                TestProcess again = restored.first();
                // Some are read, some are written, most are what they were.
                assertEquals(1, again.load(BASE));
                again.store(BASE + 300 * PAGE, 50 + generation);
                TestImage.write(
                        next,
                        restored.memoryFile(),
                        restored.processes(),
                        generation % 2 == 0 ? Compression.NONE : Compression.ZSTD,
                        () -> {});
                image = next;
            }
        }
        try (TestImage.Restored restored = TestImage.restore(image, 1)) {
            TestProcess again = restored.first();
            for (int i = 0; i < 1024; i++) {
                int expected = i == 300 ? 54 : i % 3 == 0 ? i % 100 + 1 : 0;
                assertEquals(expected, again.load(BASE + i * PAGE), "page " + i);
            }
            assertEquals(4, again.load(shared + 3 * PAGE));
        }
    }

    @Test
    void whatTheWorldWritesWhileAnImageIsWrittenIsNotInIt() throws IOException {
        mm.mmap(BASE, 1024 * PAGE, RW, ANONYMOUS);
        long shared = mm.mmap(0, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        for (int i = 0; i < 1024; i++) {
            process.store(BASE + i * PAGE, 1);
        }
        process.store(shared, 1);
        Path image = temporary.resolve("image");
        TestImage.write(
                image,
                memory,
                List.of(process),
                Compression.NONE,
                () -> {
                    for (int i = 0; i < 1024; i += 2) {
                        process.store(BASE + i * PAGE, 2);
                    }
                    process.guestMemory().writeByte(BASE + PAGE, (byte) 2);
                    process.store(shared, 2);
                    mm.munmap(BASE + 512 * PAGE, 256 * PAGE);
                    mm.mmap(BASE + 512 * PAGE, 256 * PAGE, RW, ANONYMOUS | MAP_FIXED);
                    process.store(BASE + 600 * PAGE, 3);
                });
        assertEquals(2, process.load(BASE));
        assertEquals(3, process.load(BASE + 600 * PAGE));
        try (TestImage.Restored restored = TestImage.restore(image, 1)) {
            for (int i = 0; i < 1024; i++) {
                assertEquals(1, restored.first().load(BASE + i * PAGE), "page " + i);
            }
            assertEquals(1, restored.first().load(shared));
        }
    }

    @Test
    void sharedMemoryIsThatOfTheMomentHoweverItIsWritten() throws IOException {
        long shared = mm.mmap(0, 1024 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        long readOnly = mm.mmap(0, 4 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        for (int i = 0; i < 1024; i++) {
            process.store(shared + i * PAGE, 1);
        }
        process.store(readOnly, 1);
        mm.mprotect(readOnly, PAGE, AccessType.PROT_READ);
        Path image = temporary.resolve("image");
        try (TestProcess child = process.fork()) {
            assertEquals(1, child.load(shared));
            TestImage.write(
                    image,
                    memory,
                    List.of(process, child),
                    Compression.NONE,
                    () -> {
                        mm.mprotect(readOnly, PAGE, RW);
                        process.store(readOnly, 2);
                        for (int i = 0; i < 1024; i += 3) {
                            process.store(shared + i * PAGE, 2);
                        }
                        // Reading first brings it in as it can be read, and not written.
                        assertEquals(1, child.load(shared + PAGE));
                        for (int i = 1; i < 1024; i += 3) {
                            child.store(shared + i * PAGE, 3);
                        }
                        child.guestMemory().zero(shared + 2 * PAGE, 20);
                        assertEquals(
                                1,
                                process.guestMemory()
                                        .compareAndExchangeInt(shared + 5 * PAGE, 1, 4));
                        mm.madvise(shared + 512 * PAGE, 100 * PAGE, MADV_REMOVE);
                        child.manager().munmap(shared + 700 * PAGE, 324 * PAGE);
                        mm.munmap(shared + 700 * PAGE, 324 * PAGE);
                    });
            assertEquals(2, child.load(readOnly));
            assertEquals(2, child.load(shared));
            assertEquals(3, process.load(shared + PAGE));
            assertEquals(0, process.load(shared + 2 * PAGE));
            assertEquals(4, child.load(shared + 5 * PAGE));
            assertEquals(0, child.load(shared + 520 * PAGE));
        }
        try (TestImage.Restored restored = TestImage.restore(image, 2)) {
            for (TestProcess each : restored.processes()) {
                assertEquals(1, each.load(readOnly));
                for (int i = 0; i < 1024; i++) {
                    assertEquals(1, each.load(shared + i * PAGE), "page " + i);
                }
            }
        }
    }

    @Test
    void whoWritesAllTheTimeIsSavedAtOneMoment() throws Exception {
        int pages = 2048;
        long shared = mm.mmap(0, pages * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        byte[] expected = new byte[pages];
        Path image = temporary.resolve("image");
        AtomicBoolean over = new AtomicBoolean();
        // Whoever has it may run: the writer, or who saves.
        Semaphore world = new Semaphore(1, true);
        Thread writer =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 0; !over.get(); i++) {
                                world.acquireUninterruptibly();
                                process.store(shared + i % pages * PAGE, i / pages % 100 + 1);
                                world.release();
                            }
                        });
        try {
            while (process.load(shared + 100 * PAGE) < 2) {
                Thread.onSpinWait();
            }
            for (int round = 0; round < 5; round++) {
                Path each = round == 4 ? image : temporary.resolve("image" + round);
                world.acquireUninterruptibly();
                TestImage.write(
                        each,
                        memory,
                        List.of(process),
                        Compression.NONE,
                        () -> {
                            for (int i = 0; i < pages; i++) {
                                expected[i] = process.load(shared + i * PAGE);
                            }
                            world.release();
                        });
            }
        } finally {
            over.set(true);
            writer.join();
        }
        try (TestImage.Restored restored = TestImage.restore(image, 1)) {
            for (int i = 0; i < pages; i++) {
                assertEquals(expected[i], restored.first().load(shared + i * PAGE), "page " + i);
            }
        }
    }

    @Test
    void sharedMemoryIsWrittenAsBeforeWhenTheImageIsThere() throws IOException {
        long shared = mm.mmap(0, 1024 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        for (int i = 0; i < 1024; i++) {
            process.store(shared + i * PAGE, 1);
        }
        Path image = save(Compression.NONE);
        int faults = 0;
        for (int i = 0; i < 1024; i++) {
            faults += process.faultsOf(shared + i * PAGE, AccessType.WRITE);
        }
        assertTrue(faults > 0 && faults < 10, () -> image + " costs many faults");
    }

    @Test
    void fullSharedMemoryIsWrittenAndReplacedWhileItIsSaved() throws IOException {
        try (MemoryFile small = MemoryFile.create(new JnaHostKernel(), 1L << 30, 8 << 20);
                TestProcess full = TestProcess.create(small)) {
            long shared = full.manager().mmap(0, 2048 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
            for (int i = 0; i < 2048; i++) {
                full.store(shared + i * PAGE, 1);
            }
            Path image = temporary.resolve("image");
            TestImage.write(
                    image,
                    small,
                    List.of(full),
                    Compression.NONE,
                    () -> {
                        for (int i = 0; i < 1024; i++) {
                            full.store(shared + i * PAGE, 2);
                        }
                        full.manager().munmap(shared, 2048 * PAGE);
                        full.manager().mmap(BASE, 2048 * PAGE, RW, ANONYMOUS);
                        for (int i = 0; i < 2048; i++) {
                            full.store(BASE + i * PAGE, 3);
                        }
                    });
            assertEquals(2048 * PAGE, small.statistics().allocatedBytes());
            try (TestImage.Restored restored = TestImage.restore(image, 1)) {
                for (int i = 0; i < 2048; i++) {
                    assertEquals(1, restored.first().load(shared + i * PAGE), "page " + i);
                }
            }
        }
    }

    @Test
    void preparedMemoryIsThatOfTheMomentNotOfThePreparation() throws IOException {
        mm.mmap(BASE, 8192 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 8192; i++) {
            process.store(BASE + i * PAGE, 1);
        }
        Path directory = temporary.resolve("image");
        long allocated = memory.statistics().allocatedBytes();
        try (MemorySnapshot snapshot = new MemorySnapshot(memory)) {
            mm.prepareToBeSaved(snapshot);
            for (int i = 0; i < 8192; i += 64) {
                process.store(BASE + i * PAGE, 2);
            }
            mm.munmap(BASE + 4096 * PAGE, 1024 * PAGE);
            int protects = process.addressSpace().protectCalls();
            TestImage.write(
                    directory,
                    List.of(process),
                    Compression.NONE,
                    snapshot,
                    () -> process.store(BASE, 3));
            assertTrue(process.addressSpace().protectCalls() - protects < 200);
        }
        assertTrue(memory.statistics().allocatedBytes() <= allocated);
        try (TestImage.Restored restored = TestImage.restore(directory, 1)) {
            for (int i = 0; i < 8192; i++) {
                long address = BASE + i * PAGE;
                if (i >= 4096 && i < 5120) {
                    MemoryManagerTest.assertKilled(
                            FaultOutcome.SEGV_MAPERR, () -> restored.first().load(address));
                } else {
                    assertEquals(i % 64 == 0 ? 2 : 1, restored.first().load(address));
                }
            }
        }
        try (Image image = Image.open(directory)) {
            assertEquals(8192 - 1024, image.pageIndex().pages());
        }
    }

    @Test
    void whatTheHostRefusedToProtectIsStillThatOfTheMoment() throws IOException {
        long shared = mm.mmap(0, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS);
        mm.mmap(BASE, 16 * PAGE, RW, ANONYMOUS);
        for (int changes = 0; changes < 2; changes++) {
            process.store(BASE, 1);
            process.store(shared, 1);
            process.addressSpace().refuseAfter(changes);
            try (MemorySnapshot snapshot = new MemorySnapshot(memory)) {
                assertThrows(HostCallException.class, () -> mm.prepareToBeSaved(snapshot));
            }
        }
        Path image = temporary.resolve("image");
        TestImage.write(
                image,
                memory,
                List.of(process),
                Compression.NONE,
                () -> {
                    process.store(BASE, 2);
                    process.store(shared, 2);
                });
        assertEquals(2, process.load(BASE));
        assertEquals(2, process.load(shared));
        try (TestImage.Restored restored = TestImage.restore(image, 1)) {
            assertEquals(1, restored.first().load(BASE));
            assertEquals(1, restored.first().load(shared));
        }
    }

    @Test
    void aProcessAtItsLimitGoesOnWhileItIsSaved() throws IOException {
        try (MemoryFile small = MemoryFile.create(new JnaHostKernel(), 1L << 30, 8 << 20);
                TestProcess full = TestProcess.create(small)) {
            full.manager().mmap(BASE, 1536 * PAGE, RW, ANONYMOUS);
            for (int i = 0; i < 1536; i++) {
                full.store(BASE + i * PAGE, 1);
            }
            TestImage.write(
                    temporary.resolve("image"),
                    small,
                    List.of(full),
                    Compression.NONE,
                    () -> {
                        for (int i = 0; i < 1536; i++) {
                            full.store(BASE + i * PAGE, 2);
                        }
                    });
            assertEquals(1536 * PAGE, small.statistics().allocatedBytes());
        }
    }

    @Test
    void codeIsCopiedBeforeItIsExecuted() throws IOException {
        mm.mmap(BASE, 4 * PAGE, RW, ANONYMOUS);
        process.store(BASE, 1);
        process.store(BASE + PAGE, 2);
        mm.mprotect(BASE, PAGE, AccessType.PROT_READ | AccessType.PROT_EXEC);
        try (TestImage.Restored restored = TestImage.restore(save(Compression.NONE), 1)) {
            TestProcess again = restored.first();
            again.execute(BASE);
            assertEquals(1, again.load(BASE));
            assertEquals(2, again.load(BASE + PAGE));
            again.manager().mprotect(BASE + PAGE, PAGE, RW | AccessType.PROT_EXEC);
            again.execute(BASE + PAGE);
            for (long page : List.of(BASE, BASE + PAGE)) {
                assertEquals(
                        restored.memoryFile(),
                        again.addressSpace().lookUp(page).orElseThrow().file());
            }
            assertEquals(2, again.load(BASE + PAGE));
        }
    }

    @ParameterizedTest
    @EnumSource(Compression.class)
    void aDamagedPageIsFoundWhenItIsTouched(Compression compression) throws IOException {
        mm.mmap(BASE, 1024 * PAGE, RW, ANONYMOUS);
        for (int i = 0; i < 1024; i++) {
            mm.guestMemory().copyOut(BASE + i * PAGE, noise(i));
        }
        Path image = save(compression);
        try (RandomAccessFile pages =
                new RandomAccessFile(image.resolve("pages.img").toFile(), "rw")) {
            pages.seek(pages.length() / 2);
            int old = pages.read();
            pages.seek(pages.length() / 2);
            pages.write(old ^ 1);
        }
        try (TestImage.Restored restored = TestImage.restore(image, 1)) {
            int damaged = 0;
            for (int i = 0; i < 1024; i++) {
                long address = BASE + i * PAGE;
                try {
                    assertEquals(noise(i)[0], restored.first().load(address));
                } catch (ImageCorruptException e) {
                    damaged++;
                    assertThrows(
                            ImageCorruptException.class,
                            () -> restored.first().guestMemory().copyIn(address, 1));
                }
            }
            assertEquals(64, damaged);
        }
    }

    private static byte[] noise(int seed) {
        byte[] noise = new byte[(int) PAGE];
        new Random(seed).nextBytes(noise);
        return noise;
    }

    @Test
    void severalRestoresHaveMemoryOfTheirOwn() throws IOException {
        mm.mmap(BASE, 64 * PAGE, RW, ANONYMOUS);
        process.store(BASE, 1);
        Path image = save(Compression.NONE);
        try (TestImage.Restored one = TestImage.restore(image, 1);
                TestImage.Restored other = TestImage.restore(image, 1)) {
            one.first().store(BASE, 2);
            assertEquals(1, other.first().load(BASE));
            other.first().store(BASE, 3);
            assertEquals(2, one.first().load(BASE));
        }
        try (TestImage.Restored last = TestImage.restore(image, 1)) {
            assertEquals(1, last.first().load(BASE));
            assertTrue(last.memoryFile().image().isPresent());
        }
    }
}
