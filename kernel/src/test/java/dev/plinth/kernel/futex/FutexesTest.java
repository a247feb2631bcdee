package dev.plinth.kernel.futex;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.mm.ForkHints;
import dev.plinth.kernel.mm.MemoryLimits;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.vfs.Blocker;
import dev.plinth.kernel.vfs.WaitSet;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Futexes, with Java threads in the place of tasks. */
@Timeout(20)
final class FutexesTest {
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final int MAP_SHARED_ANONYMOUS = 0x21;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long BASE = 0x1000_0000L;
    private static final long NEVER = Blocker.NO_DEADLINE;
    private static final int ANY = Futexes.ANY;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 1L << 30, 64 << 20);
    private final MemoryManager mm = newMemory();
    private final Futexes futexes = new Futexes(tid -> tid < 1000);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final AtomicInteger nextTid = new AtomicInteger(1);

    @AfterEach
    void nothingIsLeft() throws InterruptedException {
        threads.shutdown();
        assertTrue(threads.awaitTermination(10, TimeUnit.SECONDS));
        assertTrue(futexes.isIdle());
        mm.close();
        memory.close();
    }

    @Test
    void aWakeReachesWhoWaits() throws Exception {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        Future<FutexOutcome> waiter = waiting(word, 0, ANY);
        wakeUntil(1, word, ANY);
        assertEquals(FutexOutcome.WOKEN, waiter.get());
    }

    @Test
    void aWakeIsForThoseWithACommonBit() throws Exception {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        Future<FutexOutcome> waiter = waiting(word, 0, 6);
        assertEquals(0, futexes.wake(mm, word, 1, 8));
        wakeUntil(1, word, 4);
        assertEquals(FutexOutcome.WOKEN, waiter.get());
    }

    @Test
    void aDeadlineEndsAWait() {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        assertEquals(
                FutexOutcome.TIMED_OUT,
                futexes.await(caller(mm), word, 0, ANY, System.nanoTime() + 1_000_000));
        assertTrue(futexes.isIdle());
    }

    @Test
    void aWordThatChangedIsNotWaitedFor() {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        ErrnoException e =
                assertThrows(
                        ErrnoException.class, () -> futexes.await(caller(mm), word, 1, ANY, NEVER));
        assertEquals(Errno.EAGAIN, e.errno());
    }

    @Test
    void processesMeetInSharedMemoryOnly() throws Exception {
        FutexAddress shared = word(MAP_SHARED_ANONYMOUS);
        FutexAddress own = new FutexAddress(BASE + 0x10_0000, true);
        mm.mmap(own.value(), 4096, RW, MAP_PRIVATE_ANONYMOUS | 0x10);
        try (MemoryManager child = mm.fork(new NoAddressSpace(), new NoLimits(), ForkHints.NONE)) {
            Future<FutexOutcome> atShared = waiting(shared, 0, ANY);
            Future<FutexOutcome> atOwn = waiting(own, 0, ANY);
            while (futexes.wake(child, shared, 1, ANY) == 0) {
                Thread.onSpinWait();
            }
            assertEquals(FutexOutcome.WOKEN, atShared.get());
            assertEquals(0, futexes.wake(child, own, 1, ANY));
            wakeUntil(1, own, ANY);
            assertEquals(FutexOutcome.WOKEN, atOwn.get());
        }
    }

    @Test
    void aWaiterIsFoundAfterItsPageWasCopiedOnWrite() throws Exception {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        try (MemoryManager child = mm.fork(new NoAddressSpace(), new NoLimits(), ForkHints.NONE)) {
            Future<FutexOutcome> waiter = waiting(word, 0, ANY);
            while (futexes.isIdle()) {
                Thread.onSpinWait();
            }
            child.guestMemory().writeInt(word.value(), 5);
            mm.guestMemory().writeInt(word.value(), 6);
            wakeUntil(1, word, ANY);
            assertEquals(FutexOutcome.WOKEN, waiter.get());
        }
    }

    @Test
    void requeueWakesSomeAndMovesOthers() throws Exception {
        FutexAddress first = word(MAP_PRIVATE_ANONYMOUS);
        FutexAddress second = new FutexAddress(first.value() + 64, first.shared());
        List<Future<FutexOutcome>> waiters = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            waiters.add(waiting(first, 0, ANY));
        }
        int done = 0;
        while (done < 1) {
            done += futexes.requeue(mm, first, second, 1, 0, OptionalInt.of(0));
        }
        while (done < 5) {
            done += futexes.requeue(mm, first, second, 0, 100, OptionalInt.empty());
        }
        assertEquals(0, futexes.wake(mm, first, 100, ANY));
        assertEquals(4, futexes.wake(mm, second, 100, ANY));
        for (Future<FutexOutcome> waiter : waiters) {
            assertEquals(FutexOutcome.WOKEN, waiter.get());
        }
    }

    @Test
    void ownersTakeTurns() throws Exception {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        long counter = word.value() + 64;
        List<Future<Integer>> owners = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            FutexCaller caller = caller(mm);
            owners.add(
                    threads.submit(() -> {
                        for (int turn = 0; turn < 500; turn++) {
                            assertEquals(
                                    FutexOutcome.WOKEN, futexes.pi().lock(caller, word, NEVER));
                            int before = mm.guestMemory().readInt(counter);
                            mm.guestMemory().writeInt(counter, before + 1);
                            futexes.pi().unlock(caller, word);
                        }
                        return 0;
                    }));
        }
        for (Future<Integer> owner : owners) {
            owner.get();
        }
        assertEquals(8 * 500, mm.guestMemory().readInt(counter));
        assertEquals(0, mm.guestMemory().readInt(word.value()));
    }

    @Test
    void threadsThatWaitForEachOtherAreFound() throws Exception {
        FutexAddress one = word(MAP_PRIVATE_ANONYMOUS);
        FutexAddress two = new FutexAddress(one.value() + 64, one.shared());
        FutexCaller first = caller(mm);
        FutexCaller second = caller(mm);
        futexes.pi().lock(first, one, NEVER);
        futexes.pi().lock(second, two, NEVER);
        Future<FutexOutcome> waiter = threads.submit(() -> futexes.pi().lock(first, two, NEVER));
        while ((mm.guestMemory().readInt(two.value()) & PiFutexes.WAITERS) == 0) {
            Thread.onSpinWait();
        }
        ErrnoException e =
                assertThrows(ErrnoException.class, () -> futexes.pi().lock(second, one, NEVER));
        assertEquals(Errno.EDEADLK, e.errno());
        futexes.pi().unlock(second, two);
        assertEquals(FutexOutcome.WOKEN, waiter.get());
    }

    @Test
    void theNextOwnerIsToldThatTheLastOneDied() throws Exception {
        FutexAddress word = word(MAP_PRIVATE_ANONYMOUS);
        FutexCaller dying = caller(mm);
        FutexCaller next = caller(mm);
        futexes.pi().lock(dying, word, NEVER);
        Future<FutexOutcome> waiter = threads.submit(() -> futexes.pi().lock(next, word, NEVER));
        while ((mm.guestMemory().readInt(word.value()) & PiFutexes.WAITERS) == 0) {
            Thread.onSpinWait();
        }
        futexes.abandon(mm, dying.tid(), 0);
        assertEquals(FutexOutcome.WOKEN, waiter.get());
        assertEquals(
                PiFutexes.OWNER_DIED | PiFutexes.WAITERS | next.tid(),
                mm.guestMemory().readInt(word.value()));
    }

    @Test
    void whoIsMovedToAnOwnedFutexBecomesItsOwner() throws Exception {
        FutexAddress condition = word(MAP_PRIVATE_ANONYMOUS);
        FutexAddress mutex = new FutexAddress(condition.value() + 64, condition.shared());
        FutexCaller waker = caller(mm);
        FutexCaller one = caller(mm);
        FutexCaller two = caller(mm);
        futexes.pi().lock(waker, mutex, NEVER);
        List<Future<FutexOutcome>> waiters = new ArrayList<>();
        FutexPlace place = FutexPlace.of(condition);
        for (FutexCaller caller : List.of(one, two)) {
            waiters.add(
                    threads.submit(() ->
                            futexes.pi()
                                    .beginRequeue(caller, place, OptionalInt.of(0), mutex)
                                    .await(NEVER)));
        }
        int moved = 0;
        while (moved < 2) {
            moved += futexes.pi().requeue(mm, condition, mutex, 100, 0);
        }
        futexes.pi().unlock(waker, mutex);
        int owner = mm.guestMemory().readInt(mutex.value()) & PiFutexes.TID_MASK;
        boolean oneIsFirst = owner == one.tid();
        assertEquals(FutexOutcome.WOKEN, waiters.get(oneIsFirst ? 0 : 1).get());
        futexes.pi().unlock(oneIsFirst ? one : two, mutex);
        assertEquals(FutexOutcome.WOKEN, waiters.get(oneIsFirst ? 1 : 0).get());
    }

    @Test
    void aThreadThatEndsMarksTheFutexesOfItsList() {
        long head = word(MAP_PRIVATE_ANONYMOUS).value();
        FutexCaller dying = caller(mm);
        for (int i = 1; i <= 3; i++) {
            long entry = head + i * 64L;
            mm.guestMemory().writeLong(entry, i == 3 ? head : entry + 64);
            int owner = i == 2 ? 999 : dying.tid();
            mm.guestMemory().writeInt(entry + 16, owner);
        }
        mm.guestMemory().writeLong(head, head + 64);
        mm.guestMemory().writeLong(head + 8, 16);
        futexes.abandon(mm, dying.tid(), head);
        assertEquals(PiFutexes.OWNER_DIED, mm.guestMemory().readInt(head + 64 + 16));
        assertEquals(999, mm.guestMemory().readInt(head + 2 * 64 + 16));
        assertEquals(PiFutexes.OWNER_DIED, mm.guestMemory().readInt(head + 3 * 64 + 16));
    }

    @Test
    void aListWithoutAnEndIsLeft() {
        long head = word(MAP_PRIVATE_ANONYMOUS).value();
        mm.guestMemory().writeLong(head, head + 64);
        mm.guestMemory().writeLong(head + 64, head + 64);
        futexes.abandon(mm, 1, head);
        futexes.abandon(mm, 1, 0x10);
        mm.guestMemory().writeLong(head, 0x10);
        futexes.abandon(mm, 1, head);
    }

    @Test
    void aQueueBetween64ThreadsLosesNothing() throws Exception {
        TestQueue queue = new TestQueue(word(MAP_PRIVATE_ANONYMOUS), 16);
        int each = 300;
        List<Future<Long>> consumers = new ArrayList<>();
        List<Future<Long>> producers = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            int number = i;
            consumers.add(threads.submit(queue.taking(caller(mm), each)));
            producers.add(threads.submit(queue.putting(caller(mm), each, number * each)));
        }
        long expected = 0;
        for (Future<Long> producer : producers) {
            expected += producer.get();
        }
        long found = 0;
        for (Future<Long> consumer : consumers) {
            found += consumer.get();
        }
        assertEquals(expected, found);
    }

    /** A bounded queue in guest memory, made as a C library would: a mutex and two conditions. */
    private final class TestQueue {
        private final FutexAddress mutex;
        private final FutexAddress notEmpty;
        private final FutexAddress notFull;
        private final long count;
        private final long slots;
        private final int size;

        TestQueue(FutexAddress start, int size) {
            mutex = start;
            notEmpty = new FutexAddress(start.value() + 4, start.shared());
            notFull = new FutexAddress(start.value() + 8, start.shared());
            count = start.value() + 12;
            slots = start.value() + 16;
            this.size = size;
        }

        Callable<Long> putting(FutexCaller caller, int times, int first) {
            return () -> {
                long sum = 0;
                for (int i = 0; i < times; i++) {
                    lock(caller);
                    while (get(count) == size) {
                        await(caller, notFull);
                    }
                    mm.guestMemory().writeInt(slots + 4L * get(count), first + i);
                    mm.guestMemory().writeInt(count, get(count) + 1);
                    signal(notEmpty);
                    unlock();
                    sum += first + i;
                }
                return sum;
            };
        }

        Callable<Long> taking(FutexCaller caller, int times) {
            return () -> {
                long sum = 0;
                for (int i = 0; i < times; i++) {
                    lock(caller);
                    while (get(count) == 0) {
                        await(caller, notEmpty);
                    }
                    mm.guestMemory().writeInt(count, get(count) - 1);
                    sum += get(slots + 4L * get(count));
                    signal(notFull);
                    unlock();
                }
                return sum;
            };
        }

        private int get(long address) {
            return mm.guestMemory().readInt(address);
        }

        /** Drepper's second mutex: 0 free, 1 taken, 2 taken with waiters. */
        private void lock(FutexCaller caller) {
            int found = mm.guestMemory().compareAndExchangeInt(mutex.value(), 0, 1);
            while (found != 0) {
                if (found == 2
                        || mm.guestMemory().compareAndExchangeInt(mutex.value(), 1, 2) != 0) {
                    sleep(caller, mutex, 2);
                }
                found = mm.guestMemory().compareAndExchangeInt(mutex.value(), 0, 2);
            }
        }

        private void unlock() {
            if (mm.guestMemory().compareAndExchangeInt(mutex.value(), 1, 0) != 1) {
                mm.guestMemory().writeInt(mutex.value(), 0);
                futexes.wake(mm, mutex, 1, ANY);
            }
        }

        private void await(FutexCaller caller, FutexAddress condition) {
            int sequence = get(condition.value());
            unlock();
            sleep(caller, condition, sequence);
            lock(caller);
        }

        private void signal(FutexAddress condition) {
            mm.guestMemory().writeInt(condition.value(), get(condition.value()) + 1);
            futexes.wake(mm, condition, 1, ANY);
        }

        private void sleep(FutexCaller caller, FutexAddress address, int expected) {
            try {
                futexes.await(caller, address, expected, ANY, NEVER);
            } catch (ErrnoException e) {
                assertEquals(Errno.EAGAIN, e.errno());
            }
        }
    }

    private FutexAddress word(int flags) {
        mm.mmap(BASE, 4 * 4096, RW, flags | 0x10);
        return new FutexAddress(BASE, flags == MAP_SHARED_ANONYMOUS);
    }

    private Future<FutexOutcome> waiting(FutexAddress word, int expected, int bitset) {
        FutexCaller caller = caller(mm);
        return threads.submit(() -> futexes.await(caller, word, expected, bitset, NEVER));
    }

    private void wakeUntil(int count, FutexAddress word, int bitset) {
        int woken = 0;
        while (woken < count) {
            woken += futexes.wake(mm, word, 1, bitset);
        }
    }

    private FutexCaller caller(MemoryManager of) {
        return new FutexCaller(nextTid.getAndIncrement(), of, new SemaphoreBlocker());
    }

    private MemoryManager newMemory() {
        AddressRange addresses = new AddressRange(0x1_0000, 0x7fff_ffff_f000L);
        return MemoryManager.create(
                memory,
                new NoAddressSpace(),
                AddressLayout.fixed(addresses, 8 << 20),
                new NoLimits());
    }

    /** Blocks a Java thread. */
    private static final class SemaphoreBlocker implements Blocker {
        private final Semaphore wakes = new Semaphore(0);

        @Override
        public WaitSet newWaitSet() {
            return new WaitSet(this::wake);
        }

        @Override
        public Outcome await(WaitSet set, long deadline) {
            try {
                if (deadline == NO_DEADLINE) {
                    wakes.acquire();
                } else if (!wakes.tryAcquire(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    return Outcome.TIMED_OUT;
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Outcome.INTERRUPTED;
            }
            wakes.drainPermits();
            return Outcome.READY;
        }

        @Override
        public void wake() {
            wakes.release();
        }
    }

    /** No guest runs here. */
    private static final class NoAddressSpace implements AddressSpace {
        @Override
        public void map(AddressRange range, BackingFile file, long offset, AccessType access) {}

        @Override
        public void protect(AddressRange range, AccessType access) {}

        @Override
        public void unmap(AddressRange range) {}

        @Override
        public void close() {}
    }

    /** Nothing is limited. */
    private static final class NoLimits implements MemoryLimits {
        @Override
        public long addressSpace() {
            return Long.MAX_VALUE;
        }

        @Override
        public long data() {
            return Long.MAX_VALUE;
        }

        @Override
        public long stack() {
            return 8 << 20;
        }

        @Override
        public long locked() {
            return Long.MAX_VALUE;
        }
    }
}
