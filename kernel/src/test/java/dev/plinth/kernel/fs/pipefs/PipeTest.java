package dev.plinth.kernel.fs.pipefs;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.time.HostClock;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Poll;
import dev.plinth.kernel.vfs.linux.Stat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;

/** What a program in one thread cannot see of pipes: limits, races, who is woken. */
@Timeout(60)
final class PipeTest {
    private static final Credentials ROOT = Credentials.ofUser(0, 0, List.of());
    private static final int PAGE = 4096;

    private final Clock clock = new HostClock();
    private final PipeFs pipes = new PipeFs(new InodeNumbers(), clock);

    private static long write(FileDescription file, int length) {
        return file.write(IoBuffer.of(new byte[length]));
    }

    private static long read(FileDescription file, int length) {
        return file.read(IoBuffer.of(new byte[length]));
    }

    private static int capacity(FileDescription end) {
        return ((PipeDescription) end).capacity();
    }

    private static void close(PipeFs.Ends ends) {
        ends.reading().close();
        ends.writing().close();
    }

    @Test
    void allPipesOfASandboxTogetherAreBounded() {
        List<PipeFs.Ends> open = new ArrayList<>();
        while (open.size() < 1024) {
            open.add(pipes.newPipe(0, ROOT));
        }
        assertEquals(16 * PAGE, capacity(open.getLast().reading()));
        open.add(pipes.newPipe(0, ROOT));
        assertEquals(2 * PAGE, capacity(open.getLast().reading()));
        PipeDescription small = (PipeDescription) open.getLast().writing();
        assertErrno(Errno.EPERM, () -> small.setCapacity(16 * PAGE, false));
        assertEquals(16 * PAGE, small.setCapacity(16 * PAGE, true));
        assertErrno(Errno.ENOMEM, () -> small.setCapacity(1 << 30, true));
        assertErrno(
                Errno.ENFILE,
                () -> {
                    while (true) {
                        open.add(pipes.newPipe(0, ROOT));
                    }
                });
        open.forEach(PipeTest::close);
        PipeFs.Ends ends = pipes.newPipe(0, ROOT);
        assertEquals(16 * PAGE, capacity(ends.reading()));
        close(ends);
    }

    @Test
    void thoseWhoWaitAreWokenAndNobodyElse() {
        PipeFs.Ends ends = pipes.newPipe(0, ROOT);
        Semaphore readers = new Semaphore(0);
        Semaphore writers = new Semaphore(0);
        try (WaitSet reading = new WaitSet(readers::release);
                WaitSet writing = new WaitSet(writers::release)) {
            ends.reading().watch(Poll.POLLIN, reading);
            ends.writing().watch(Poll.POLLOUT, writing);
            write(ends.writing(), 1);
            assertEquals(1, readers.drainPermits());
            assertEquals(0, writers.availablePermits());
            read(ends.reading(), 1);
            assertEquals(0, readers.availablePermits());
            assertEquals(1, writers.drainPermits());
            ends.writing().close();
            assertEquals(1, readers.drainPermits());
        }
        ends.reading().close();
        assertEquals(0, readers.availablePermits());
    }

    @Test
    void smallWritesOfManyThreadsStayWhole() throws InterruptedException {
        PipeFs.Ends ends = pipes.newPipe(0, ROOT);
        int record = 1000;
        int each = 500;
        List<Thread> writers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            byte[] bytes = new byte[record];
            Arrays.fill(bytes, (byte) ('a' + i));
            writers.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                for (int n = 0; n < each; n++) {
                                    await(ends.writing(), Poll.POLLOUT, bytes);
                                }
                            }));
        }
        int[] counts = new int[4];
        byte[] got = new byte[record];
        for (int n = 0; n < 4 * each; n++) {
            int done = 0;
            while (done < record) {
                byte[] rest = new byte[record - done];
                done += awaitRead(ends.reading(), rest, got, done);
            }
            byte[] whole = new byte[record];
            Arrays.fill(whole, got[0]);
            assertArrayEquals(whole, got);
            counts[got[0] - 'a']++;
        }
        for (Thread writer : writers) {
            writer.join();
        }
        assertArrayEquals(new int[] {each, each, each, each}, counts);
        close(ends);
    }

    /** Writes all, waiting as a system call does. */
    private static void await(FileDescription file, int events, byte[] bytes) {
        Semaphore woken = new Semaphore(0);
        try (WaitSet set = new WaitSet(woken::release)) {
            file.watch(events, set);
            while (true) {
                try {
                    assertEquals(bytes.length, file.write(IoBuffer.of(bytes)));
                    return;
                } catch (ErrnoException e) {
                    assertEquals(Errno.EAGAIN, e.errno());
                    woken.acquireUninterruptibly();
                }
            }
        }
    }

    private static int awaitRead(FileDescription file, byte[] room, byte[] into, int at) {
        Semaphore woken = new Semaphore(0);
        try (WaitSet set = new WaitSet(woken::release)) {
            file.watch(Poll.POLLIN, set);
            while (true) {
                try {
                    int count = (int) file.read(IoBuffer.of(room));
                    System.arraycopy(room, 0, into, at, count);
                    return count;
                } catch (ErrnoException e) {
                    assertEquals(Errno.EAGAIN, e.errno());
                    woken.acquireUninterruptibly();
                }
            }
        }
    }

    @Test
    void twoPipesAreSplicedIntoEachOtherAtOnce() throws InterruptedException {
        PipeFs.Ends first = pipes.newPipe(0, ROOT);
        PipeFs.Ends second = pipes.newPipe(0, ROOT);
        write(first.writing(), 3 * PAGE);
        write(second.writing(), 2 * PAGE);
        Thread other = Thread.ofPlatform().start(() -> shuffle(first, second));
        shuffle(second, first);
        other.join();
        long left =
                ((PipeDescription) first.reading()).pipe().readableBytes()
                        + ((PipeDescription) second.reading()).pipe().readableBytes();
        assertEquals(5 * PAGE, left);
        close(first);
        close(second);
    }

    private static void shuffle(PipeFs.Ends from, PipeFs.Ends to) {
        for (int i = 0; i < 20_000; i++) {
            try {
                ((PipeDescription) from.reading())
                        .moveTo((PipeDescription) to.writing(), 1 + i % PAGE);
            } catch (ErrnoException e) {
                assertEquals(Errno.EAGAIN, e.errno());
            }
        }
    }

    @Test
    void openersOfAFifoAlwaysMeet() throws InterruptedException {
        try (TestingFiles files = new TestingFiles()) {
            Caller caller = files.caller(0);
            Location fifo = fifo(files, caller);
            for (int i = 0; i < 2000; i++) {
                CountDownLatch start = new CountDownLatch(1);
                AtomicReference<FileDescription> opened = new AtomicReference<>();
                Thread other =
                        Thread.ofPlatform()
                                .start(() -> {
                                    awaitLatch(start);
                                    opened.set(pipes.open(fifo, Fcntl.O_WRONLY, caller));
                                });
                start.countDown();
                FileDescription reading = pipes.open(fifo, Fcntl.O_RDONLY, caller);
                other.join();
                assertFalse(reading.isOpening());
                assertFalse(opened.get().isOpening());
                reading.close();
                opened.get().close();
            }
        }
    }

    private static Location fifo(TestingFiles files, Caller caller) {
        PathName name = PathName.of("fifo");
        files.vfs.makeNode(
                caller, files.mounts.root(), name, Stat.S_IFIFO | 0600, DeviceNumber.NONE);
        return files.vfs.resolve(caller, files.mounts.root(), name, Lookup.NO_FOLLOW);
    }

    private static void awaitLatch(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void anOpenerThatGaveUpIsForgotten() {
        try (TestingFiles files = new TestingFiles()) {
            Caller caller = files.caller(0);
            Location fifo = fifo(files, caller);
            FileDescription alone = pipes.open(fifo, Fcntl.O_WRONLY, caller);
            assertTrue(alone.isOpening());
            alone.close();
            assertErrno(
                    Errno.ENXIO, () -> pipes.open(fifo, Fcntl.O_WRONLY | Fcntl.O_NONBLOCK, caller));
            FileDescription reading = pipes.open(fifo, Fcntl.O_NONBLOCK, caller);
            assertEquals(0, read(reading, 1));
            assertEquals(0, reading.ready(Poll.POLLIN));
            reading.close();
        }
    }

    @Test
    void aReaderThatIsClosedWhileAnotherThreadReadsDoesNoHarm() throws InterruptedException {
        for (int i = 0; i < 500; i++) {
            PipeFs.Ends ends = pipes.newPipe(0, ROOT);
            ends.reading().retain();
            Thread reader =
                    Thread.ofPlatform()
                            .start(() -> {
                                awaitRead(ends.reading(), new byte[1], new byte[1], 0);
                                ends.reading().close();
                            });
            ends.reading().close();
            write(ends.writing(), 1);
            reader.join();
            assertErrno(Errno.EPIPE, () -> write(ends.writing(), 1));
            ends.writing().close();
        }
    }
}
