package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a context runs, where, and for whom. */
@Timeout(60)
class PtraceContextTest {
    private static final long OTHER = 0x7000_0000L;

    private final Guest guest = new Guest();

    @AfterEach
    void close() {
        guest.close();
    }

    @Test
    void aSystemCallTrapsWithItsRegisters() {
        guest.code("b827000000 0f05"); // mov eax, 39; syscall
        guest.registers.setR12(0x1234_5678_9abc_def0L);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        assertEquals(39, guest.registers.origRax());
        assertEquals(Guest.CODE + 7, guest.registers.rip());
        assertEquals(guest.registers.rip(), guest.registers.rcx());
        assertEquals(guest.registers.eflags(), guest.registers.r11());
        assertEquals(0x1234_5678_9abc_def0L, guest.registers.r12());
    }

    @Test
    void twoContextsShareAnAddressSpace() throws InterruptedException {
        guest.code("f048ff03 0f05"); // lock inc qword [rbx]; syscall
        int rounds = 500;
        Runnable work =
                () -> {
                    Registers registers = new Registers();
                    try (ExecutionContext context = guest.platform.newContext()) {
                        for (int i = 0; i < rounds; i++) {
                            registers.setRip(Guest.CODE);
                            registers.setRbx(Guest.DATA);
                            assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                        }
                    }
                };
        OtherThreads others = new OtherThreads();
        Thread first = others.start(work);
        Thread second = others.start(work);
        first.join();
        second.join();
        others.check();
        assertEquals(2L * rounds, guest.memory.view().get(JAVA_LONG, Guest.PAGE));
    }

    @Test
    void aContextMovesToAnotherAddressSpaceWithItsVectorState() {
        guest.code(
                "660f6ec0 0f05 660f7ec0 0f05"); // movd xmm0, eax; syscall; movd eax, xmm0; syscall
        guest.registers.setRax(1234);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        try (AddressSpace another = guest.platform.newAddressSpace()) {
            guest.mapCode(another);
            // As execve does it: the old one is closed before the context runs in the new one.
            guest.space.close();
            assertEquals(Trap.SYSTEM_CALL, guest.context.run(another, guest.registers));
            assertEquals(1234, guest.registers.origRax());
            assertThrows(
                    IllegalStateException.class,
                    () -> guest.context.run(guest.space, guest.registers));
        }
    }

    @Test
    void aNewContextHasTheInitialVectorState() throws InterruptedException {
        // Put a pattern in xmm0 and the x87 control word; end; the next one must not see it.
        guest.code("660f6ec0 d92b 0f05 660f7ec0 d93b 0f05");
        guest.registers.setRax(0x5555);
        guest.registers.setRbx(Guest.DATA);
        guest.registers.setRdi(Guest.DATA + 8);
        guest.memory.view().set(JAVA_INT, Guest.PAGE, 0x27f);
        assertEquals(Trap.SYSTEM_CALL, guest.run());
        OtherThreads others = new OtherThreads();
        Thread another =
                others.start(() -> {
                    Registers registers = new Registers();
                    try (ExecutionContext context = guest.platform.newContext()) {
                        registers.setRip(Guest.CODE + 8);
                        registers.setRdi(Guest.DATA + 8);
                        registers.setRbx(Guest.DATA + 8);
                        assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, registers));
                        assertEquals(0, registers.origRax());
                    }
                });
        another.join();
        others.check();
        assertEquals(0x37f, guest.memory.view().get(JAVA_INT, Guest.PAGE + 8) & 0xffff);
    }

    @Test
    void vectorStateIsReadAndWritten() {
        guest.code("660f6ec0 0f05 660f7ec0 0f05");
        int bytes = guest.platform.capabilities().cpu().vectorStateBytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment area = arena.allocate(bytes, 64);
            guest.context.readVectorState(area);
            assertEquals(0x37f, area.get(JAVA_INT, 0) & 0xffff);
            assertEquals(0x1f80, area.get(JAVA_INT, 24));
            assertEquals(0, area.get(JAVA_LONG, 464));
            guest.registers.setRax(99);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            guest.context.readVectorState(area);
            assertEquals(99, area.get(JAVA_INT, 160));
            area.set(JAVA_INT, 160, 100);
            guest.context.writeVectorState(area);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(100, guest.registers.origRax());
            area.set(JAVA_LONG, 512, 1L << 62);
            assertThrows(
                    IllegalArgumentException.class, () -> guest.context.writeVectorState(area));
            area.set(JAVA_LONG, 512, 0);
            area.set(JAVA_INT, 24, 0x1_0000);
            assertThrows(
                    IllegalArgumentException.class, () -> guest.context.writeVectorState(area));
            area.set(JAVA_INT, 24, 0);
            guest.context.writeVectorState(area);
            guest.context.readVectorState(area);
            assertEquals(0x37f, area.get(JAVA_INT, 0) & 0xffff);
            assertEquals(0x1f80, area.get(JAVA_INT, 24));
            assertEquals(0, area.get(JAVA_INT, 160));
        }
    }

    @Test
    void anotherThreadMayNotRunAContext() throws InterruptedException {
        OtherThreads others = new OtherThreads();
        others.start(() -> assertThrows(IllegalStateException.class, guest::run)).join();
        others.check();
    }

    @Test
    void anAddressSpaceOfAnotherPlatformIsRefused() {
        try (Guest other = new Guest()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.context.run(other.space, guest.registers));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> guest.space.map(Guest.page(OTHER), other.memory, 0, AccessType.READ));
        }
    }

    @Test
    void aClosedPlatformMakesNoAddressSpaces() {
        close();
        assertThrows(IllegalStateException.class, guest.platform::newAddressSpace);
    }

    @Test
    void closingTwiceIsHarmless() {
        guest.context.close();
        guest.context.close();
        guest.context.interrupt();
        guest.space.close();
        guest.space.close();
        guest.platform.close();
        guest.platform.close();
    }
}
