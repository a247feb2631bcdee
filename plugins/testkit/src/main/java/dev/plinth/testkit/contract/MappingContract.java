package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.assembler.Register.RDX;
import static dev.plinth.testkit.assembler.Register.RSI;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.TestProcess.FREE;
import static dev.plinth.testkit.contract.Traps.denied;
import static dev.plinth.testkit.contract.Traps.unmapped;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.Condition;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;

/** Mappings: what replaces what, and that every change is seen at once. */
interface MappingContract extends ContractPart {
    /** Reads the word at rbx into rdi, then makes a system call. */
    GuestProgram LOAD = new GuestAssembler().load(RDI, RBX, 0).syscall().assemble();

    /** Writes rsi to the word at rbx, then makes a system call. */
    GuestProgram STORE = new GuestAssembler().store(RBX, 0, RSI).syscall().assemble();

    /** Adds up, in rdi, one word of each of rcx units from rbx; rdx is the unit. */
    GuestProgram SUM =
            new GuestAssembler()
                    .label("next")
                    .load(RSI, RBX, 0)
                    .add(RDI, RSI)
                    .add(RBX, RDX)
                    .dec(RCX)
                    .jump(Condition.NOT_EQUAL, "next")
                    .syscall()
                    .assemble();

    @Test
    default void mappedMemoryIsThatOfTheFile() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            process.data().set(ValueLayout.JAVA_LONG, 24, 0x1234567890L);
            assertEquals(0x1234567890L, load(process, thread, DATA + 24));
            store(process, thread, DATA + 32, -5);
            assertEquals(-5, process.data().get(ValueLayout.JAVA_LONG, 32));
        }
    }

    @Test
    default void jvmAndGuestSeeEachOthersWritesWhileTheGuestRuns() {
        // Waits until [rbx] is not zero, answers with its double in [rbx + 8], and again.
        GuestProgram echo =
                new GuestAssembler()
                        .label("wait")
                        .load(RAX, RBX, 0)
                        .test(RAX, RAX)
                        .jump(Condition.EQUAL, "wait")
                        .mov(RCX, 0)
                        .store(RBX, 0, RCX)
                        .add(RAX, RAX)
                        .store(RBX, 8, RAX)
                        .cmp(RAX, 2000)
                        .jump(Condition.NOT_EQUAL, "wait")
                        .syscall()
                        .assemble();
        try (TestProcess process = tested().newProcess()) {
            Background<Void> guest =
                    Background.start(() -> {
                        try (TestThread thread = process.newThread()) {
                            thread.at(echo).registers().setRbx(DATA);
                            thread.runToSystemCall();
                            return null;
                        }
                    });
            for (long value : new long[] {1, 50, 999, 1000}) {
                Words.set(process.data(), 0, value);
                while (Words.get(process.data(), 8) != 2 * value) {
                    guest.pauseWhileAlive();
                }
            }
            guest.await();
        }
    }

    @Test
    default void mapReplacesWhatWasThere() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long first = process.map(FREE, 3, AccessType.READ_WRITE);
            long second = tested().memory().allocate(tested().unit());
            fill(first, 3, 10);
            fill(second, 1, 20);
            process.map(process.unit(FREE, 1), 1, second, AccessType.READ);
            assertEquals(10, load(process, thread, FREE));
            assertEquals(20, load(process, thread, process.unit(FREE, 1)));
            assertEquals(12, load(process, thread, process.unit(FREE, 2)));
            expectStoreFault(process, thread, process.unit(FREE, 1));
            store(process, thread, process.unit(FREE, 2), 5);
        }
    }

    @Test
    default void aSecondFileIsMappedBesideTheFirst() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            int unit = tested().unit();
            long numbers = 1 << 16;
            AddressRange range = AddressRange.ofLength(FREE, 3L * unit);
            process.space().map(range, tested().readOnlyFile(), 2 * numbers, AccessType.READ);
            assertEquals(2, load(process, thread, FREE));
            expectStoreFault(process, thread, FREE);
            long written = tested().memory().allocate(unit);
            process.map(process.unit(FREE, 1), 1, written, AccessType.READ_WRITE);
            store(process, thread, process.unit(FREE, 1), 77);
            assertEquals(77, load(process, thread, process.unit(FREE, 1)));
            process.space()
                    .map(
                            AddressRange.ofLength(process.unit(FREE, 2), unit),
                            tested().readOnlyFile(),
                            5 * numbers,
                            AccessType.READ);
            assertEquals(5, load(process, thread, process.unit(FREE, 2)));
            assertEquals(2, load(process, thread, FREE));
            process.unmap(FREE, 1);
            expectLoadFault(process, thread, FREE);
        }
    }

    @Test
    default void newMappingOverTwoOldOnesLeavesTheirEnds() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long left = process.map(FREE, 2, AccessType.READ);
            long right = process.map(process.unit(FREE, 2), 2, AccessType.READ);
            fill(left, 2, 100);
            fill(right, 2, 200);
            long middle = process.map(process.unit(FREE, 1), 2, AccessType.READ);
            fill(middle, 2, 300);
            List<Long> expected = List.of(100L, 300L, 301L, 201L);
            for (int i = 0; i < 4; i++) {
                assertEquals(expected.get(i), load(process, thread, process.unit(FREE, i)));
            }
        }
    }

    @Test
    default void unmapInTheMiddleLeavesTheEnds() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            fill(process.map(FREE, 3, AccessType.READ), 3, 1);
            process.unmap(process.unit(FREE, 1), 1);
            assertEquals(1, load(process, thread, FREE));
            assertEquals(3, load(process, thread, process.unit(FREE, 2)));
            expectLoadFault(process, thread, process.unit(FREE, 1));
        }
    }

    @Test
    default void unmapOfWhatIsPartlyOrNotMappedIsNoError() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            process.unmap(FREE, 4);
            process.map(process.unit(FREE, 1), 1, AccessType.READ);
            process.unmap(FREE, 4);
            for (int i = 0; i < 4; i++) {
                expectLoadFault(process, thread, process.unit(FREE, i));
            }
        }
    }

    @Test
    default void protectChangesAPartOfAMapping() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            process.map(FREE, 3, AccessType.READ_WRITE);
            long middle = process.unit(FREE, 1);
            store(process, thread, middle, 77);
            process.protect(middle, 1, AccessType.READ);
            expectStoreFault(process, thread, middle);
            assertEquals(77, load(process, thread, middle));
            process.protect(middle, 1, AccessType.NONE);
            thread.at(process.loadOnce(LOAD)).registers().setRbx(middle);
            assertEquals(denied(middle, AccessType.READ), thread.run());
            process.protect(middle, 1, AccessType.READ_WRITE);
            assertEquals(77, load(process, thread, middle));
            store(process, thread, FREE, 1);
            store(process, thread, middle, 2);
            store(process, thread, process.unit(FREE, 2), 3);
        }
    }

    @Test
    default void protectOverSeveralMappingsChangesAllOfThem() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            for (int i = 0; i < 4; i++) {
                process.map(process.unit(FREE, i), 1, AccessType.READ_WRITE);
            }
            process.protect(FREE, 4, AccessType.READ);
            for (int i = 0; i < 4; i++) {
                expectStoreFault(process, thread, process.unit(FREE, i));
            }
        }
    }

    @Test
    default void executeAccessComesAndGoes() {
        GuestProgram program = new GuestAssembler().mov(RAX, 9).syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long offset = process.map(FREE, 1, AccessType.READ_WRITE);
            process.write(offset, program.code());
            assertEquals(denied(FREE, AccessType.EXECUTE), thread.at(FREE).run());
            for (AccessType access :
                    List.of(
                            AccessType.EXECUTE,
                            AccessType.READ_EXECUTE,
                            AccessType.READ_WRITE_EXECUTE)) {
                process.protect(FREE, 1, access);
                thread.at(FREE).runToSystemCall();
                assertEquals(9, thread.registers().origRax());
            }
            process.protect(FREE, 1, AccessType.READ);
            assertEquals(denied(FREE, AccessType.EXECUTE), thread.at(FREE).run());
        }
    }

    @Test
    default void codeThatWasChangedIsExecutedAsItIs() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long offset = process.map(FREE, 1, AccessType.READ_EXECUTE);
            for (int number = 1; number < 20; number++) {
                process.write(
                        offset, new GuestAssembler().mov(RAX, number).syscall().assemble().code());
                thread.at(FREE).runToSystemCall();
                assertEquals(number, thread.registers().origRax());
            }
        }
    }

    @Test
    default void oneFileRangeAtTwoAddressesIsTheSameMemory() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            process.map(FREE, 1, process.dataOffset(), AccessType.READ);
            store(process, thread, DATA + 40, 4711);
            assertEquals(4711, load(process, thread, FREE + 40));
            process.unmap(DATA, 1);
            assertEquals(4711, load(process, thread, FREE + 40));
            expectLoadFault(process, thread, DATA);
        }
    }

    @Test
    default void addressSpacesHaveMappingsOfTheirOwn() {
        try (TestProcess one = tested().newProcess();
                TestProcess other = tested().newProcess();
                TestThread inOne = one.newThread();
                TestThread inOther = other.newThread()) {
            store(one, inOne, DATA, 1);
            store(other, inOther, DATA, 2);
            assertEquals(1, load(one, inOne, DATA));
            assertEquals(2, load(other, inOther, DATA));
            one.unmap(DATA, 1);
            expectLoadFault(one, inOne, DATA);
            assertEquals(2, load(other, inOther, DATA));
            one.map(DATA, 1, other.dataOffset(), AccessType.READ);
            assertEquals(2, load(one, inOne, DATA));
            expectStoreFault(one, inOne, DATA);
            store(other, inOther, DATA, 3);
            assertEquals(3, load(one, inOne, DATA));
        }
    }

    @Test
    default void anyNumberOfMapsBetweenTwoRunsIsSeen() {
        // Around the sizes at which a platform might pass batches on.
        List<Integer> counts =
                List.of(
                        1, 2, 31, 32, 33, 63, 64, 65, 71, 72, 73, 74, 75, 127, 129, 145, 146, 147,
                        500);
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long sum = process.load(SUM);
            long source = tested().memory().allocate(64L * tested().unit());
            fill(source, 64, 1000);
            for (int count : counts) {
                long expected = 0;
                for (int i = 0; i < count; i++) {
                    int page = i * 7 % 64;
                    process.map(
                            process.unit(FREE, i),
                            1,
                            source + page * (long) tested().unit(),
                            AccessType.READ);
                    expected += 1000 + page;
                }
                assertEquals(expected, sum(thread, sum, count), count + " maps");
                process.unmap(FREE, count);
            }
        }
    }

    @Test
    default void tenThousandSmallMapsAreSeenChangedAndRemoved() {
        int count = 10_000;
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long sum = process.load(SUM);
            long source = tested().memory().allocate(64L * tested().unit());
            fill(source, 64, 1);
            long expected = 0;
            for (int i = 0; i < count; i++) {
                // Never the page behind the one of before, so that no two become one mapping.
                int page = 63 - i % 64;
                process.map(
                        process.unit(FREE, i),
                        1,
                        source + page * (long) tested().unit(),
                        AccessType.READ);
                expected += 1 + page;
            }
            assertEquals(expected, sum(thread, sum, count));
            for (int i = 0; i < count; i += 2) {
                process.protect(process.unit(FREE, i), 1, AccessType.READ_WRITE);
            }
            store(process, thread, process.unit(FREE, 5000), 1);
            expectStoreFault(process, thread, process.unit(FREE, 5001));
            for (int i = 0; i < count; i++) {
                process.unmap(process.unit(FREE, i), 1);
            }
            for (int i : List.of(0, 1, 4999, 5000, count - 1)) {
                expectLoadFault(process, thread, process.unit(FREE, i));
            }
        }
    }

    /**
     * When unmap returns, the memory may be given to somebody else: the guest must not see what is
     * written there then.
     */
    @Test
    default void unmapIsSeenAtOnceByAContextThatRuns() {
        long secret = 0x5ec2e7;
        GuestProgram watch =
                new GuestAssembler()
                        .label("watch")
                        .load(RAX, RBX, 0)
                        .cmp(RAX, (int) secret)
                        .jump(Condition.NOT_EQUAL, "watch")
                        .syscall()
                        .assemble();
        int rounds = 30;
        try (TestProcess process = tested().newProcess()) {
            Watcher watcher = new Watcher(process, watch, unmapped(DATA, AccessType.READ), rounds);
            for (int i = 0; i < rounds; i++) {
                watcher.awaitRunning();
                process.unmap(DATA, 1);
                Words.set(process.data(), 0, secret);
                watcher.awaitTrap();
                Words.set(process.data(), 0, 0);
                process.map(DATA, 1, process.dataOffset(), AccessType.READ_WRITE);
                watcher.goOn();
            }
            watcher.await();
        }
    }

    @Test
    default void protectIsSeenAtOnceByAContextThatRuns() {
        GuestProgram count =
                new GuestAssembler()
                        .label("count")
                        .inc(RAX)
                        .store(RBX, 0, RAX)
                        .jmp("count")
                        .assemble();
        int rounds = 30;
        try (TestProcess process = tested().newProcess()) {
            Watcher watcher = new Watcher(process, count, denied(DATA, AccessType.WRITE), rounds);
            for (int i = 0; i < rounds; i++) {
                watcher.awaitRunning();
                process.protect(DATA, 1, AccessType.READ);
                long counted = Words.get(process.data(), 0);
                watcher.awaitTrap();
                assertEquals(counted, Words.get(process.data(), 0));
                process.protect(DATA, 1, AccessType.READ_WRITE);
                watcher.goOn();
            }
            watcher.await();
        }
    }

    @Test
    default void otherMemoryIsSeenAtOnceByAContextThatRuns() {
        GuestProgram count =
                new GuestAssembler()
                        .label("count")
                        .inc(RAX)
                        .store(RBX, 0, RAX)
                        .load(RCX, RBX, 8)
                        .test(RCX, RCX)
                        .jump(Condition.EQUAL, "count")
                        .syscall()
                        .assemble();
        try (TestProcess process = tested().newProcess()) {
            MemorySegment memory = tested().memory().view();
            long current = process.dataOffset();
            long next = tested().memory().allocate(tested().unit());
            Background<Void> guest =
                    Background.start(() -> {
                        try (TestThread thread = process.newThread()) {
                            thread.at(count).registers().setRbx(DATA);
                            thread.runToSystemCall();
                            return null;
                        }
                    });
            for (int i = 0; i < 30; i++) {
                long before = Words.get(memory, current);
                while (Words.get(memory, current) == before) {
                    guest.pauseWhileAlive();
                }
                process.map(DATA, 1, next, AccessType.READ_WRITE);
                long old = Words.get(memory, current);
                long atNew = Words.get(memory, next);
                while (Words.get(memory, next) == atNew) {
                    guest.pauseWhileAlive();
                }
                assertEquals(old, Words.get(memory, current));
                long swap = current;
                current = next;
                next = swap;
            }
            Words.set(memory, current + 8, 1);
            guest.await();
        }
    }

    @Test
    default void changesFromSeveralThreadsAreAllDone() {
        int threads = 4;
        int rounds = 50;
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long source = tested().memory().allocate(threads * (long) tested().unit());
            fill(source, threads, 70);
            List<Background<Void>> mappers =
                    IntStream.range(0, threads)
                            .mapToObj(i ->
                                    Background.<Void>start(() -> {
                                        mapAndUnmap(process, source, i, rounds);
                                        return null;
                                    }))
                            .toList();
            while (mappers.stream().anyMatch(mapper -> !mapper.isDone())) {
                store(process, thread, DATA, 3);
                assertEquals(3, load(process, thread, DATA));
            }
            mappers.forEach(Background::await);
            for (int i = 0; i < threads; i++) {
                assertEquals(70 + i, load(process, thread, process.unit(FREE, 2 * i)));
            }
        }
    }

    @Test
    default void randomChangesAreSeenAsInAModel() {
        for (long seed = 0; seed < 3; seed++) {
            try (TestProcess process = tested().newProcess();
                    TestThread thread = process.newThread()) {
                MappingModel model = new MappingModel(tested(), process, seed);
                for (int i = 0; i < 1500; i++) {
                    model.change();
                    // Several changes between two runs now and then.
                    if (i % 3 == 0) {
                        probe(process, thread, model, "seed " + seed + ", change " + i);
                    }
                }
            }
        }
    }

    private static void probe(
            TestProcess process, TestThread thread, MappingModel model, String when) {
        int unit = model.anyUnit();
        AccessType attempt = model.anyAttempt();
        long address =
                model.address(unit) + (attempt == AccessType.EXECUTE ? 0 : MappingModel.NUMBER);
        switch (attempt) {
            case READ -> thread.at(process.loadOnce(LOAD)).registers().setRbx(address);
            case WRITE -> {
                thread.at(process.loadOnce(STORE)).registers().setRbx(address);
                thread.registers().setRsi(model.pageAt(unit));
            }
            default -> thread.at(address);
        }
        Trap trap = thread.run();
        assertEquals(model.expected(unit, address, attempt).orElse(Trap.SYSTEM_CALL), trap, when);
        if (trap instanceof Trap.SystemCall && attempt == AccessType.READ) {
            assertEquals(model.pageAt(unit), thread.registers().rdi(), when);
        }
    }

    private void mapAndUnmap(TestProcess process, long source, int index, int rounds) {
        long address = process.unit(FREE, 2 * index);
        for (int round = 0; round < rounds; round++) {
            process.unmap(address, 2);
            process.map(address, 1, source + index * (long) tested().unit(), AccessType.READ_WRITE);
            process.protect(address, 1, AccessType.READ);
        }
    }

    private void fill(long offset, int units, long first) {
        for (int i = 0; i < units; i++) {
            tested().memory()
                    .view()
                    .set(ValueLayout.JAVA_LONG, offset + i * (long) tested().unit(), first + i);
        }
    }

    private long sum(TestThread thread, long program, int count) {
        thread.at(program);
        thread.registers().setRbx(FREE);
        thread.registers().setRcx(count);
        thread.registers().setRdx(tested().unit());
        thread.runToSystemCall();
        assertNotEquals(0, thread.registers().rdi());
        return thread.registers().rdi();
    }

    private static long load(TestProcess process, TestThread thread, long address) {
        thread.at(process.loadOnce(LOAD)).registers().setRbx(address);
        thread.runToSystemCall();
        return thread.registers().rdi();
    }

    private static void store(TestProcess process, TestThread thread, long address, long value) {
        thread.at(process.loadOnce(STORE)).registers().setRbx(address);
        thread.registers().setRsi(value);
        thread.runToSystemCall();
    }

    private static void expectLoadFault(TestProcess process, TestThread thread, long address) {
        thread.at(process.loadOnce(LOAD)).registers().setRbx(address);
        assertEquals(unmapped(address, AccessType.READ), thread.run());
    }

    private static void expectStoreFault(TestProcess process, TestThread thread, long address) {
        thread.at(process.loadOnce(STORE)).registers().setRbx(address);
        assertEquals(denied(address, AccessType.WRITE), thread.run());
    }
}
