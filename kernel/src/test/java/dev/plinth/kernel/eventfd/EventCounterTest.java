package dev.plinth.kernel.eventfd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.task.SavedAndRestored;
import dev.plinth.kernel.vfs.AnonInodeFs;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.TestingFiles;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.MemorySegment;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

@Timeout(30)
final class EventCounterTest {
    private final AnonInodeFs fileSystem = new AnonInodeFs(new InodeNumbers(), Instant.EPOCH);

    private EventCounter counter(int flags) {
        return new EventCounter(fileSystem.place("eventfd"), flags, 0);
    }

    private static IoBuffer number(long value) {
        return IoBuffer.of(MemorySegment.ofArray(new long[] {value}));
    }

    private static long take(EventCounter counter) {
        long[] value = new long[1];
        counter.read(IoBuffer.of(MemorySegment.ofArray(value)));
        return value[0];
    }

    @Test
    void nothingThatManyThreadsAddIsLost() throws InterruptedException {
        try (EventCounter counter = counter(0)) {
            List<Thread> threads = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                threads.add(
                        Thread.ofPlatform()
                                .start(() -> {
                                    for (int n = 0; n < 10_000; n++) {
                                        counter.write(number(3));
                                    }
                                }));
            }
            for (Thread thread : threads) {
                thread.join();
            }
            assertEquals(4 * 10_000 * 3, take(counter));
        }
    }

    @Test
    void whatHasNoRoomCanBeWrittenAgainFromTheSameBuffer() {
        try (EventCounter counter = counter(0)) {
            counter.write(number(-2));
            IoBuffer five = number(5);
            assertEquals(
                    Errno.EAGAIN,
                    assertThrows(ErrnoException.class, () -> counter.write(five)).errno());
            assertEquals(-2, take(counter));
            assertEquals(Long.BYTES, counter.write(five));
            assertEquals(5, take(counter));
        }
    }

    @Test
    void whatWasSavedIsCountedOn() {
        try (TestingFiles testing = new TestingFiles()) {
            SavedAndRestored before = new SavedAndRestored(testing);
            EventCounter plain =
                    new EventCounter(
                            before.anonymous.place("eventfd"), EventCounter.NON_BLOCKING, 7);
            EventCounter semaphore =
                    new EventCounter(before.anonymous.place("eventfd"), EventCounter.SEMAPHORE, 0);
            semaphore.write(number(-2));
            try (SavedAndRestored after = before.next(plain, semaphore)) {
                EventCounter first = (EventCounter) after.files.getFirst();
                EventCounter second = (EventCounter) after.files.getLast();
                assertEquals(plain.flags(), first.flags());
                assertEquals(plain.stat(), first.stat());
                assertEquals(first.inode(), second.inode());
                assertEquals(plain.location().dentry().name(), first.location().dentry().name());
                first.write(number(3));
                assertEquals(10, take(first));
                ErrnoException full =
                        assertThrows(ErrnoException.class, () -> second.write(number(1)));
                assertEquals(Errno.EAGAIN, full.errno());
                assertEquals(1, take(second));
                second.write(number(1));
            }
            plain.close();
            semaphore.close();
        }
    }
}
