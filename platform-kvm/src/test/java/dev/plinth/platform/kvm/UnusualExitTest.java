package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.stub.GuestLayout;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What no processor can be made to do: strange exits, signals at each point, exceptions in ring 0.
 */
@Timeout(30)
class UnusualExitTest {
    private static final long RIP = 0x40_0000;

    /** Of the frame that an exception pushes, in the page of the first vCPU. */
    private static final long FRAME = GuestLayout.vcpuPage(1) + 0xc00 - 40;

    private final FakeKvm kvm = new FakeKvm();
    private final KvmPlatform platform = new KvmPlatform(kvm);
    private final AddressSpace space = platform.newAddressSpace();
    private final ExecutionContext context = platform.newContext();
    private final Registers registers = new Registers();

    UnusualExitTest() {
        registers.setRip(RIP);
        registers.setRsp(0x7000);
    }

    @AfterEach
    void close() {
        context.close();
        space.close();
        platform.close();
        kvm.close();
    }

    private Trap run(FakeKvm.Run... runs) {
        kvm.runs.addAll(java.util.List.of(runs));
        return context.run(space, registers);
    }

    private void assertGoesOn() {
        registers.setRip(RIP);
        assertSame(Trap.SYSTEM_CALL, run());
        try (ExecutionContext other = platform.newContext()) {
            assertSame(Trap.SYSTEM_CALL, other.run(space, registers));
        }
    }

    @Test
    void everyExitThatNobodyExpectsIsAValue() {
        for (int reason = 0; reason < 64; reason++) {
            if (reason != Kvm.KVM_EXIT_HLT && reason != Kvm.KVM_EXIT_INTR) {
                registers.setRip(RIP);
                Trap.UnknownExit exit =
                        assertInstanceOf(Trap.UnknownExit.class, run(FakeKvm.exit(reason)));
                assertEquals(reason, exit.code());
                assertGoesOn();
            }
        }
    }

    @Test
    void knownExitsAreNamed() {
        assertDescribed("KVM_EXIT_SHUTDOWN (triple fault)", Kvm.KVM_EXIT_SHUTDOWN);
        assertDescribed("KVM_EXIT_INTERNAL_ERROR, suberror 0", Kvm.KVM_EXIT_INTERNAL_ERROR);
        assertDescribed("KVM_EXIT_FAIL_ENTRY, hardware reason 0x0", Kvm.KVM_EXIT_FAIL_ENTRY);
        assertDescribed("KVM_EXIT_MMIO at 0x0", Kvm.KVM_EXIT_MMIO);
        assertDescribed("KVM_EXIT_IO, port 0x0", Kvm.KVM_EXIT_IO);
        assertDescribed("exit reason 63", 63);
    }

    private void assertDescribed(String description, int reason) {
        registers.setRip(RIP);
        assertEquals(new Trap.UnknownExit(description, reason), run(FakeKvm.exit(reason)));
    }

    @Test
    void everyErrorOfARunIsAValue() {
        for (Errno errno : Errno.values()) {
            if (errno != Errno.EINTR && errno != Errno.EAGAIN) {
                registers.setRip(RIP);
                Trap.UnknownExit exit =
                        assertInstanceOf(Trap.UnknownExit.class, run(FakeKvm.fail(errno)));
                assertEquals(-errno.number(), exit.code());
                assertTrue(exit.description().contains(errno.name()));
            }
        }
        assertGoesOn();
    }

    @Test
    void aSignalBeforeTheFirstInstructionIsNotSeen() {
        assertSame(
                Trap.SYSTEM_CALL,
                run(
                        FakeKvm.interruptedAtOnce(),
                        FakeKvm.interruptedAtOnce(),
                        FakeKvm.fail(Errno.EAGAIN)));
    }

    @Test
    void aSignalInTheGuestIsNotSeenUnlessSomebodyInterrupted() {
        assertSame(Trap.SYSTEM_CALL, run(FakeKvm.interruptedInRing3(RIP + 9, 0x246)));
        registers.setRip(RIP);
        assertSame(
                Trap.INTERRUPTED,
                run(run -> {
                    context.interrupt();
                    return FakeKvm.interruptedInRing3(RIP + 9, 0x246).on(run);
                }));
        assertEquals(RIP + 9, registers.rip());
        assertEquals(5, registers.rax());
        assertEquals(0x7000, registers.rsp());
        assertGoesOn();
    }

    @Test
    void aSignalBetweenASystemCallAndItsFaultIsTheSystemCall() {
        long entry = GuestLayout.virtual(GuestLayout.SYSCALL_ENTRY);
        assertSame(Trap.SYSTEM_CALL, run(FakeKvm.interruptedInRing3(entry, 0x46)));
        assertEquals(5, registers.origRax());
        assertEquals(0x1002, registers.rip());
        assertEquals(0x246, registers.eflags());
        assertSame(
                Trap.SYSTEM_CALL,
                run(FakeKvm.withException(FakeKvm.interruptedInRing3(entry, 0x46), 14, 0x15)));
        assertGoesOn();
    }

    @Test
    void aSignalAtTheEntryOfSystemCallsIsTheSystemCall() {
        registers.setRcx(0x1002);
        assertSame(Trap.SYSTEM_CALL, run(FakeKvm.interruptedInRing0(GuestLayout.SYSCALL_ENTRY)));
        assertEquals(0x1002, registers.rip());
    }

    @Test
    void aSignalAfterAJumpToTheEntryOfSystemCallsIsNoSystemCall() {
        long entry = GuestLayout.virtual(GuestLayout.SYSCALL_ENTRY);
        kvm.runs.add(run -> {
            context.interrupt();
            return FakeKvm.interruptedInRing3(entry, 0x246).on(run);
        });
        assertSame(Trap.INTERRUPTED, run());
        assertEquals(entry, registers.rip());
    }

    @Test
    void aSignalInAnExceptionsEntryIsTheException() {
        pushFrame(RIP + 3, 0x33, 0x10246, 0x6ff0);
        Trap trap = run(FakeKvm.interruptedInRing0(GuestLayout.VECTORS + 16 * 6));
        assertEquals(new Trap.CpuException(Signal.SIGILL, SignalCode.ILL_ILLOPN, RIP + 3), trap);
        assertEquals(RIP + 3, registers.rip());
        assertEquals(0x246, registers.eflags());
        assertEquals(0x6ff0, registers.rsp());
    }

    @Test
    void exceptionOnItsWayIsTakenOverAndCancelled() {
        Trap trap = run(FakeKvm.withException(FakeKvm.interruptedInRing3(RIP + 4, 0x10246), 13, 0));
        assertEquals(new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0), trap);
        assertEquals(RIP + 4, registers.rip());
        assertGoesOn();
    }

    @Test
    void pageFaultOnItsWayIsLeftToHappenAgain() {
        assertSame(
                Trap.SYSTEM_CALL,
                run(FakeKvm.withException(FakeKvm.interruptedInRing3(RIP + 4, 0x246), 14, 6)));
    }

    @Test
    void exceptionInRing0IsTheEndOfTheThreadOnly() {
        pushFrame(GuestLayout.virtual(GuestLayout.RETURN_TO_USER), 0x10, 2, 0);
        for (int vector : new int[] {0, 6, 8, 13, 14, 255}) {
            registers.setRip(RIP);
            Trap.UnknownExit exit =
                    assertInstanceOf(
                            Trap.UnknownExit.class,
                            run(FakeKvm.haltAt(GuestLayout.VECTORS + 16L * vector + 1)));
            assertEquals(vector, exit.code());
            assertGoesOn();
        }
    }

    @Test
    void exceptionThatAGuestCannotRaiseIsTheEndOfTheThreadOnly() {
        pushFrame(RIP, 0x33, 0x246, 0x7000);
        for (int vector : new int[] {2, 7, 8, 18, 21, 32, 255}) {
            registers.setRip(RIP);
            Trap.UnknownExit exit =
                    assertInstanceOf(
                            Trap.UnknownExit.class,
                            run(FakeKvm.haltAt(GuestLayout.VECTORS + 16L * vector + 1)));
            assertEquals(vector, exit.code());
            assertGoesOn();
        }
    }

    @Test
    void haltElsewhereIsTheEndOfTheThreadOnly() {
        assertInstanceOf(Trap.UnknownExit.class, run(FakeKvm.haltAt(GuestLayout.CPUID + 3)));
        registers.setRip(RIP);
        assertInstanceOf(
                Trap.UnknownExit.class,
                run(run -> {
                    FakeKvm.interruptedInRing3(RIP, 0x246).on(run);
                    run.set(java.lang.foreign.ValueLayout.JAVA_INT, 8, Kvm.KVM_EXIT_HLT);
                    return 0;
                }));
        assertGoesOn();
    }

    @Test
    void pageFaultThatIsNeverResolvedIsTheEndOfTheThreadOnly() {
        space.map(AddressRange.ofLength(RIP, 4096), kvm, 0, AccessType.READ_EXECUTE);
        pushFrame(RIP, 0x33, 0x246, 0x7000);
        kvm.monitor().set(JAVA_LONG, FRAME - 8, 4);
        for (int i = 0; i < 2000; i++) {
            kvm.runs.add(run -> {
                run.set(JAVA_LONG, 304 + 144 + 232, RIP + 8);
                return FakeKvm.haltAt(GuestLayout.VECTORS + 16 * 14 + 1).on(run);
            });
        }
        assertInstanceOf(Trap.UnknownExit.class, run());
        kvm.runs.clear();
        assertGoesOn();
    }

    private void pushFrame(long rip, long cs, long flags, long rsp) {
        kvm.monitor().set(JAVA_LONG, FRAME, rip);
        kvm.monitor().set(JAVA_LONG, FRAME + 8, cs);
        kvm.monitor().set(JAVA_LONG, FRAME + 16, flags);
        kvm.monitor().set(JAVA_LONG, FRAME + 24, rsp);
    }
}
