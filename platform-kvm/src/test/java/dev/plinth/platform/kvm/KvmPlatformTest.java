package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.kvm.stub.GuestLayout;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is special to this platform; the rest is in the contract. */
@RequiresKvm
@Timeout(60)
class KvmPlatformTest {
    private static final Trap GENERAL_PROTECTION =
            new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0);

    /** mov eax, [rbx]; jmp back two bytes behind: so each run is one load. */
    private static final String LOAD = "8b03 0f05 ebfa";

    @Test
    void aJumpToTheEntryOfSystemCallsIsNoSystemCall() {
        try (Guest guest = new Guest()) {
            guest.code("ffe3"); // jmp *%rbx
            long entry = GuestLayout.virtual(GuestLayout.SYSCALL_ENTRY);
            for (long target : new long[] {entry, entry + 1, entry + 0x100}) {
                Guest.reset(guest.registers);
                guest.registers.setRbx(target);
                assertEquals(
                        new Trap.Fault(
                                target, AccessType.EXECUTE, Signal.SIGSEGV, SignalCode.SEGV_MAPERR),
                        guest.run());
                assertEquals(target, guest.registers.rip());
            }
        }
    }

    @Test
    void theMonitorIsOutOfReach() {
        try (Guest guest = new Guest()) {
            guest.code("48890b"); // mov %rcx, (%rbx)
            for (long address :
                    new long[] {GuestLayout.GDT, GuestLayout.VECTORS, GuestLayout.TABLES}) {
                Guest.reset(guest.registers);
                guest.registers.setRbx(GuestLayout.virtual(address));
                assertEquals(
                        new Trap.Fault(
                                GuestLayout.virtual(address),
                                AccessType.WRITE,
                                Signal.SIGSEGV,
                                SignalCode.SEGV_MAPERR),
                        guest.run());
            }
        }
    }

    @Test
    void cpuidIsAnsweredWithWhatTheSandboxOffers() {
        try (Guest guest = new Guest()) {
            guest.code("0fa2 0f05"); // cpuid; syscall
            guest.registers.setRax(0xd);
            guest.registers.setRcx(0);
            guest.registers.setRbx(-1);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(guest.platform.capabilities().cpu().xcr0(), guest.registers.origRax());
            assertEquals(
                    guest.platform.capabilities().cpu().vectorStateBytes(), guest.registers.rbx());

            Guest.reset(guest.registers);
            guest.registers.setRax(1);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(guest.platform.capabilities().cpu().hwcap(), guest.registers.rdx());

            Guest.reset(guest.registers);
            guest.registers.setRax(7);
            guest.registers.setRcx(0);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(0, guest.registers.rdx() & 1 << 24, "AMX");
        }
    }

    @Test
    void xgetbvSaysWhatTheCapabilitiesSay() {
        try (Guest guest = new Guest()) {
            guest.code("31c9 0f01d0 4889c3 0f05"); // xor %ecx,%ecx; xgetbv; mov %rax,%rbx; syscall
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(
                    guest.platform.capabilities().cpu().xcr0(),
                    guest.registers.rbx() | guest.registers.rdx() << 32);
        }
    }

    @Test
    void aSingleStepOverCpuidTrapsBehindIt() {
        try (Guest guest = new Guest()) {
            guest.code("0fa2 90");
            guest.registers.setEflags(0x302);
            assertEquals(
                    new Trap.CpuException(Signal.SIGTRAP, SignalCode.TRAP_TRACE, Guest.CODE + 2),
                    guest.run());
            assertEquals(Guest.CODE + 2, guest.registers.rip());
        }
    }

    @Test
    void registersThatNoProcessorTakesAreAGeneralProtectionFault() {
        try (Guest guest = new Guest()) {
            guest.code("0f05");
            long noAddress = 0x8000_0000_0000L;
            guest.registers.setRip(noAddress);
            assertEquals(GENERAL_PROTECTION, guest.run());
            assertEquals(noAddress, guest.registers.rip());
            Guest.reset(guest.registers);
            guest.registers.setFsBase(noAddress);
            assertEquals(GENERAL_PROTECTION, guest.run());
            guest.registers.setFsBase(0);
            guest.registers.setGsBase(noAddress);
            assertEquals(GENERAL_PROTECTION, guest.run());
            guest.registers.setGsBase(0);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
        }
    }

    @Test
    void aLargeMappingIsFilledAsItIsTouched() {
        try (Guest guest = new Guest()) {
            long base = 0x10_0000_0000L;
            AddressRange range = AddressRange.ofLength(base, 1L << 30);
            guest.memory.view().set(JAVA_LONG, (1L << 30) - 4096, 77);
            long before = guest.platform.machine().arena().used();
            guest.space.map(range, guest.memory, 0, AccessType.READ_WRITE);
            assertEquals(before, guest.platform.machine().arena().used(), "filled at once");
            guest.code(LOAD);
            guest.registers.setRbx(range.end() - 4096);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(77, guest.registers.origRax());
            guest.space.unmap(range);
            Guest.reset(guest.registers);
            assertInstanceOf(Trap.Fault.class, guest.run());
        }
    }

    @Test
    void emptyTablesAreReclaimedWhileTheAddressSpaceLives() {
        try (Guest guest = new Guest()) {
            guest.code(LOAD);
            long highest = 0;
            for (int i = 0; i < 2000; i++) {
                long address = 0x1000_0000_0000L + i * (1L << 31);
                guest.map(address, Guest.FREE, AccessType.READ);
                if (i % 100 == 0) {
                    Guest.reset(guest.registers);
                    guest.registers.setRbx(address);
                    assertEquals(Trap.SYSTEM_CALL, guest.run());
                }
                guest.space.unmap(Guest.page(address));
                highest = Math.max(highest, guest.platform.machine().arena().used());
            }
            long most = highest;
            assertTrue(most < 600, () -> most + " tables in use");
        }
    }

    @Test
    void tenThousandMappingsAreGivenBack() {
        try (Guest guest = new Guest()) {
            long before = guest.platform.machine().arena().used();
            try (AddressSpace space = guest.platform.newAddressSpace()) {
                for (int i = 0; i < 10_000; i++) {
                    // Every other page, so that none joins its neighbour.
                    space.map(
                            Guest.page(0x10_0000_0000L + i * 0x2000L * 300),
                            guest.memory,
                            Guest.FREE,
                            AccessType.READ_WRITE);
                }
                assertTrue(guest.platform.machine().arena().used() > before + 5000);
                guest.code(LOAD);
                guest.map(Guest.CODE, 0, AccessType.READ_EXECUTE);
                space.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
                guest.registers.setRbx(0x10_0000_0000L + 9_999 * 0x2000L * 300);
                assertEquals(Trap.SYSTEM_CALL, guest.context.run(space, guest.registers));
            }
            assertEquals(before, guest.platform.machine().arena().used());
        }
    }

    @Test
    void addressSpacesReuseTablesOfOthersWithoutSeeingTheirMemory() {
        try (Guest guest = new Guest()) {
            guest.code(LOAD);
            for (int i = 0; i < 300; i++) {
                long offset = Guest.FREE + (i % 50) * 4096L;
                guest.memory.view().set(JAVA_LONG, offset, i);
                long address = 0x20_0000_0000L + (i % 7) * 0x4000_0000L;
                try (AddressSpace space = guest.platform.newAddressSpace()) {
                    space.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
                    space.map(Guest.page(address), guest.memory, offset, AccessType.READ);
                    Guest.reset(guest.registers);
                    guest.registers.setRbx(address);
                    assertEquals(Trap.SYSTEM_CALL, guest.context.run(space, guest.registers));
                    assertEquals(i, guest.registers.origRax());
                    Guest.reset(guest.registers);
                    guest.registers.setRbx(address + 0x4000_0000L);
                    Trap trap = guest.context.run(space, guest.registers);
                    assertInstanceOf(Trap.Fault.class, trap, () -> "saw another's page");
                }
            }
            assertTrue(guest.platform.machine().arena().peak() < 100);
        }
    }

    @Test
    void aThousandContextsUseOneVcpu() {
        try (Guest guest = new Guest()) {
            int before = guest.platform.vcpus().made();
            guest.code("0f05");
            for (int i = 0; i < 1000; i++) {
                try (ExecutionContext context = guest.platform.newContext()) {
                    Guest.reset(guest.registers);
                    assertEquals(Trap.SYSTEM_CALL, context.run(guest.space, guest.registers));
                }
            }
            assertEquals(before + 1, guest.platform.vcpus().made());
        }
    }

    @Test
    void aLargeFileIsAnnouncedByPieces() {
        // 64 GiB, as the kernel's memory file.
        try (TestingHost memory = new TestingHost(64L << 30);
                KvmPlatform platform = new KvmPlatform(memory);
                AddressSpace space = platform.newAddressSpace();
                ExecutionContext context = platform.newContext()) {
            long last = (64L << 30) - 4096;
            memory.view().set(JAVA_LONG, 0, 0xfaeb050f038bL);
            memory.view().set(JAVA_LONG, last, 99);
            space.map(Guest.page(Guest.CODE), memory, 0, AccessType.READ_EXECUTE);
            space.map(Guest.page(Guest.DATA), memory, last, AccessType.READ);
            Registers registers = new Registers();
            Guest.reset(registers);
            registers.setRbx(Guest.DATA);
            assertEquals(Trap.SYSTEM_CALL, context.run(space, registers));
            assertEquals(99, registers.origRax());
            assertNotEquals(0, registers.rcx());
        }
    }
}
