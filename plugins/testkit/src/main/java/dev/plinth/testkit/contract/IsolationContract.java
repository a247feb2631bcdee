package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.TestProcess.FREE;
import static dev.plinth.testkit.contract.Traps.unmapped;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import java.util.stream.Stream;

/** The guest reaches nothing of the host: no memory, no system call. */
interface IsolationContract extends ContractPart {
    long SYS_MUNMAP = 11;
    long SYS_EXIT_GROUP = 231;

    GuestProgram READ = new GuestAssembler().load(RDI, RBX, 0).syscall().assemble();
    GuestProgram WRITE = new GuestAssembler().store(RBX, 0, RBX).syscall().assemble();

    @Test
    default void systemCallsOfTheGuestDoNothingByThemselves() {
        GuestProgram program = new GuestAssembler().label("next").syscall().jmp("next").assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            // Those that would unmap the data, end the process, or replace it.
            for (long number : List.of(SYS_MUNMAP, SYS_EXIT_GROUP, 60L, 59L, 57L, 15L, -1L)) {
                armed(thread, start, number).runToSystemCall();
                assertEquals(number, thread.registers().origRax());
            }
            assertUnharmed(process, thread);
        }
    }

    @Test
    default void thirtyTwoBitSystemCallsOfTheGuestDoNothing() {
        GuestProgram program = new GuestAssembler().interrupt(0x80).assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            // munmap, exit_group, exit, execve and fork, in the table of 32 bits.
            for (long number : List.of(91L, 252L, 1L, 11L, 2L)) {
                armed(thread, start, number);
                thread.registers().setRbx(DATA);
                thread.registers().setRcx(tested().unit());
                Trap trap = thread.run();
                assertTrue(trap instanceof Trap.CpuException, trap::toString);
            }
            assertUnharmed(process, thread);
        }
    }

    /** Linux maps this page at its address into every process, for programs older than the vDSO. */
    @Test
    default void vsyscallPageOfTheHostIsOutOfReach() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            long call = process.load(new GuestAssembler().call(RBX).syscall().assemble());
            for (long offset : List.of(0L, 0x400L, 0x800L, 1L, 0xc00L)) {
                long address = FaultContract.VSYSCALL_PAGE + offset;
                armed(thread, call, 0).registers().setRbx(address);
                assertEquals(unmapped(address, AccessType.EXECUTE), thread.run());
                assertEquals(address, thread.registers().rip());
                assertEquals(0, Words.get(process.data(), 0), "the time was written");
                assertEquals(unmapped(address, AccessType.EXECUTE), thread.at(address).run());
            }
            assertUnharmed(process, thread);
        }
    }

    @Test
    default void memoryOfTheJvmIsOutOfReach() throws IOException {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread();
                Stream<String> lines = Files.lines(Path.of("/proc/self/maps"))) {
            List<Long> addresses =
                    lines.map(line ->
                                    Long.parseUnsignedLong(
                                            line.substring(0, line.indexOf('-')), 16))
                            .filter(address -> address > process.unit(FREE, 0))
                            .filter(address -> platformPages().stream().noneMatch(covers(address)))
                            .toList();
            assertFalse(addresses.isEmpty());
            for (long address : addresses) {
                thread.at(process.loadOnce(READ)).registers().setRbx(address);
                assertEquals(unmapped(address, AccessType.READ), thread.run());
            }
        }
    }

    @Test
    default void addressesAreEmptyUntilSomethingIsMapped() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            for (int shift = 12; shift < 47; shift++) {
                for (long address :
                        List.of(
                                1L << shift,
                                (1L << shift) + Pages.SIZE,
                                0x8000_0000_0000L - (1L << shift))) {
                    boolean taken =
                            new AddressRange(TestProcess.TEXT, FREE).contains(address)
                                    || platformPages().stream().anyMatch(covers(address));
                    if (!taken) {
                        thread.at(process.loadOnce(READ)).registers().setRbx(address);
                        assertEquals(unmapped(address, AccessType.READ), thread.run());
                    }
                }
            }
        }
    }

    @Test
    default void platformPagesCannotBeWritten() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            for (AddressRange pages : platformPages()) {
                for (long page = pages.start(); page < pages.end(); page += Pages.SIZE) {
                    for (long address : List.of(page, page + 1024, page + Pages.SIZE - 8)) {
                        thread.at(process.loadOnce(WRITE)).registers().setRbx(address);
                        Trap trap = thread.run();
                        assertTrue(
                                trap instanceof Trap.Fault fault
                                        && fault.address() == address
                                        && fault.access() == AccessType.WRITE,
                                () -> "write at %x: %s".formatted(address, trap));
                    }
                }
            }
        }
    }

    @Test
    default void platformPagesAreNotUserAddresses() {
        AddressRange user = tested().capabilities().userAddresses();
        for (AddressRange pages : platformPages()) {
            assertFalse(user.overlaps(pages), pages::toString);
        }
    }

    /**
     * The guest jumps to each byte of the platform's own pages, with registers that would unmap its
     * data if that came to a system call of the host.
     */
    @Test
    default void codeOfThePlatformIsOfNoUseToTheGuest() throws InterruptedException {
        if (platformPages().isEmpty()) {
            return;
        }
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            ExecutionContext context = thread.context();
            AtomicBoolean over = new AtomicBoolean();
            // Some of the code may be a loop, which only an interrupt ends.
            Background<Void> interrupter =
                    Background.start(() -> {
                        while (!over.get()) {
                            Thread.sleep(5);
                            context.interrupt();
                        }
                        return null;
                    });
            try {
                for (AddressRange pages : platformPages()) {
                    for (long address = pages.start(); address < pages.end(); address++) {
                        armed(thread, address, SYS_MUNMAP);
                        Trap trap = thread.run();
                        for (int i = 0; trap instanceof Trap.Interrupted && i < 2; i++) {
                            trap = thread.run();
                        }
                        assertFalse(trap instanceof Trap.UnknownExit, trap.toString());
                    }
                }
            } finally {
                over.set(true);
                interrupter.await();
            }
            context.interrupt();
            assertSame(Trap.INTERRUPTED, thread.at(FREE).run());
            assertUnharmed(process, thread);
        }
    }

    /** At an address, with the arguments of an munmap(2) of the data. */
    private TestThread armed(TestThread thread, long address, long number) {
        Registers registers = thread.at(address).registers();
        registers.setRax(number);
        registers.setRdi(DATA);
        registers.setRsi(tested().unit());
        return thread;
    }

    private static void assertUnharmed(TestProcess process, TestThread thread) {
        long value = Words.get(process.data(), 0) + 1;
        thread.at(process.loadOnce(WRITE)).registers().setRbx(DATA);
        thread.runToSystemCall();
        assertEquals(DATA, Words.get(process.data(), 0));
        Words.set(process.data(), 0, value);
        thread.at(process.loadOnce(READ)).registers().setRbx(DATA);
        thread.runToSystemCall();
        assertEquals(value, thread.registers().rdi());
        thread.at(process.loadOnce(READ)).registers().setRbx(FREE);
        assertEquals(unmapped(FREE, AccessType.READ), thread.run());
    }

    private static Predicate<AddressRange> covers(long address) {
        return range -> range.contains(address);
    }
}
