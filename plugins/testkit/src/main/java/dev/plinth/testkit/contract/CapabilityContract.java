package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.assembler.Register.RDX;
import static dev.plinth.testkit.assembler.Register.RSI;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.TestProcess.FREE;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Registers;
import dev.plinth.testkit.LeakCheck;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

/** What the platform says of itself, and that it refuses what breaks a precondition. */
interface CapabilityContract extends ContractPart {
    /** Writes to rbx and reads it back. */
    GuestProgram TOUCH =
            new GuestAssembler().store(RBX, 0, RBX).load(RDI, RBX, 0).syscall().assemble();

    @Test
    default void nameIsFitForACommandLine() {
        assertTrue(factory().name().matches("[a-z0-9][a-z0-9-]*"), factory().name());
        assertEquals(factory().name(), factory().name());
        String description = factory().description();
        assertFalse(description.isBlank() || description.contains("\n"), description);
    }

    @Test
    default void devicesAreTheSameAtEachCallAndHaveRolesOfTheirOwn() {
        List<DeviceDeclaration> devices = factory().devices();
        assertEquals(devices, factory().devices());
        List<FdRole> roles = devices.stream().map(DeviceDeclaration::role).distinct().toList();
        assertEquals(devices.size(), roles.size());
    }

    @Test
    default void availabilityIsProbedWithNothingLeftBehind() {
        LeakCheck before = LeakCheck.now();
        for (int i = 0; i < 3; i++) {
            assertEquals(Availability.usable(), factory().availability(tested().host()));
        }
        before.assertNothingNew();
    }

    @Test
    default void capabilitiesAreConstant() {
        PlatformCapabilities before = tested().capabilities();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(TOUCH).registers().setRbx(DATA);
            thread.runToSystemCall();
            assertEquals(before, tested().capabilities());
        }
        assertEquals(before, tested().capabilities());
    }

    @Test
    default void processorIsTheOneThatTheGuestFinds() {
        if (!tested().has(PlatformFeature.NATIVE_CODE)) {
            return;
        }
        CpuFeatures cpu = tested().capabilities().cpu();
        GuestProgram program =
                new GuestAssembler()
                        .mov(RAX, 1)
                        .bytes("0f a2") // cpuid
                        .mov(RDI, RDX)
                        .mov(RCX, 0)
                        .bytes("0f 01 d0") // xgetbv
                        .shl(RDX, 32)
                        .or(RDX, RAX)
                        .mov(RSI, RDX)
                        .mov(RAX, 0xd)
                        .mov(RCX, 0)
                        .bytes("0f a2") // cpuid: in ebx, the size of the area for xcr0
                        .syscall()
                        .bytes("f3 48 0f ae c0") // rdfsbase rax
                        .ud2()
                        .assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(program).registers().setFsBase(DATA);
            thread.runToSystemCall();
            assertEquals(0, cpu.hwcap() & ~thread.registers().rdi(), "features in hwcap");
            if (tested().has(PlatformFeature.VECTOR_STATE)) {
                assertEquals(cpu.xcr0(), thread.registers().rsi());
                assertEquals(cpu.vectorStateBytes(), thread.registers().rbx());
            }
            thread.run();
            long fsgsbase = 2;
            boolean readable = thread.registers().rax() == DATA;
            assertEquals((cpu.hwcap2() & fsgsbase) != 0, readable, "rdfsbase works");
        }
    }

    @Test
    default void everyAddressThatProgramsUseCanBeMapped() {
        AddressRange user = tested().capabilities().userAddresses();
        // Where static executables are linked to, and the reach of the lower half but for what a
        // platform may need at its end.
        assertTrue(user.contains(0x400000), user::toString);
        assertTrue(user.contains(AddressRange.ofLength(TestProcess.TEXT, FREE)), user::toString);
        assertTrue(user.end() > 0x7000_0000_0000L, user::toString);
    }

    @Test
    default void lowestAndHighestAddressCanBeMappedAndUsed() {
        AddressRange user = tested().capabilities().userAddresses();
        int unit = tested().unit();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            for (long address : List.of(user.start(), user.end() - unit)) {
                process.map(address, 1, AccessType.READ_WRITE);
                for (long at : List.of(address, address + unit - 8)) {
                    thread.at(process.loadOnce(TOUCH)).registers().setRbx(at);
                    thread.runToSystemCall();
                    assertEquals(at, thread.registers().rdi());
                }
                process.protect(address, 1, AccessType.NONE);
                process.unmap(address, 1);
            }
        }
    }

    @Test
    default void addressesBeyondTheLowestAndHighestAreRefused() {
        AddressRange user = tested().capabilities().userAddresses();
        int unit = tested().unit();
        refused(AddressRange.ofLength(user.end(), unit));
        refused(AddressRange.ofLength(user.end() - unit, 2L * unit));
        refused(new AddressRange(user.start(), user.end() + unit));
        if (user.start() >= unit) {
            refused(AddressRange.ofLength(user.start() - unit, unit));
            refused(AddressRange.ofLength(user.start() - unit, 2L * unit));
        }
        refused(new AddressRange(Long.MAX_VALUE - unit + 1, Long.MAX_VALUE));
    }

    @Test
    default void rangesThatAreEmptyOrNotAlignedAreRefused() {
        int unit = tested().unit();
        refused(AddressRange.ofLength(FREE, 0));
        refused(AddressRange.ofLength(FREE + 1, unit));
        refused(AddressRange.ofLength(FREE, unit - 1));
        refused(AddressRange.ofLength(FREE + unit / 2, unit));
    }

    @Test
    default void mapOfWhatIsNotInTheFileIsRefused() {
        AddressRange range = AddressRange.ofLength(FREE, tested().unit());
        long end = tested().memory().view().byteSize();
        try (AddressSpace space = tested().platform().newAddressSpace()) {
            for (long offset : List.of(-1L, 1L, -4096L, end, end - 1, Long.MAX_VALUE - 4095)) {
                assertThrows(
                        IllegalArgumentException.class,
                        () -> space.map(range, tested().memory(), offset, AccessType.READ),
                        () -> "offset " + offset);
            }
            space.map(range, tested().memory(), end - tested().unit(), AccessType.READ);
        }
    }

    @Test
    default void mapOfAForeignFileIsRefused() {
        AddressRange range = AddressRange.ofLength(FREE, tested().unit());
        try (AddressSpace space = tested().platform().newAddressSpace();
                MemoryFile foreign = new MemoryFile(tested().host(), tested().unit())) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> space.map(range, foreign, 0, AccessType.READ));
        }
    }

    @Test
    default void mapWithoutAccessIsRefused() {
        AddressRange range = AddressRange.ofLength(FREE, tested().unit());
        try (AddressSpace space = tested().platform().newAddressSpace()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> space.map(range, tested().memory(), 0, AccessType.NONE));
        }
    }

    @Test
    default void severalContextsAreOpenAtOnce() {
        int count = Math.min(tested().capabilities().maxContexts(), 64);
        List<ExecutionContext> contexts = new ArrayList<>();
        try {
            for (int i = 0; i < count; i++) {
                contexts.add(tested().platform().newContext());
            }
        } finally {
            contexts.forEach(ExecutionContext::close);
        }
        assertEquals(count, contexts.size());
    }

    @Test
    default void runInAnAddressSpaceOfAnotherPlatformIsRefused() {
        try (PlatformUnderTest other = new PlatformUnderTest(tested().host(), factory());
                AddressSpace foreign = other.platform().newAddressSpace();
                ExecutionContext context = tested().platform().newContext()) {
            assertThrows(
                    IllegalArgumentException.class, () -> context.run(foreign, new Registers()));
        }
    }

    @Test
    default void runInAClosedAddressSpaceIsRefused() {
        AddressSpace closed = tested().platform().newAddressSpace();
        closed.close();
        try (ExecutionContext context = tested().platform().newContext()) {
            brokenPrecondition(() -> context.run(closed, new Registers()));
        }
    }

    @Test
    default void closedAddressSpaceRefusesEverythingElse() {
        AddressRange range = AddressRange.ofLength(FREE, tested().unit());
        AddressSpace closed = tested().platform().newAddressSpace();
        closed.close();
        brokenPrecondition(() -> closed.map(range, tested().memory(), 0, AccessType.READ));
        brokenPrecondition(() -> closed.protect(range, AccessType.READ));
        brokenPrecondition(() -> closed.unmap(range));
    }

    @Test
    default void closedContextRefusesToRun() {
        try (AddressSpace space = tested().platform().newAddressSpace()) {
            ExecutionContext closed = tested().platform().newContext();
            closed.close();
            brokenPrecondition(() -> closed.run(space, new Registers()));
        }
    }

    @Test
    default void closedPlatformRefusesEverythingElse() {
        Platform closed;
        try (PlatformUnderTest other = new PlatformUnderTest(tested().host(), factory())) {
            closed = other.platform();
        }
        brokenPrecondition(closed::newAddressSpace);
        brokenPrecondition(closed::newContext);
    }

    @Test
    default void contextIsRefusedToOtherThreads() {
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.at(TOUCH).registers().setRbx(DATA);
            Background.start(
                            () -> {
                                brokenPrecondition(thread::run);
                                return null;
                            })
                    .await();
            thread.runToSystemCall();
        }
    }

    private void refused(AddressRange range) {
        try (AddressSpace space = tested().platform().newAddressSpace()) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> space.map(range, tested().memory(), 0, AccessType.READ),
                    () -> "map " + range);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> space.protect(range, AccessType.READ),
                    () -> "protect " + range);
            assertThrows(
                    IllegalArgumentException.class,
                    () -> space.unmap(range),
                    () -> "unmap " + range);
        }
    }

    /** The api leaves it to the platform which of two exceptions it throws. */
    private static void brokenPrecondition(Runnable call) {
        RuntimeException refusal = assertThrows(RuntimeException.class, call::run);
        assertTrue(
                refusal instanceof IllegalArgumentException
                        || refusal instanceof IllegalStateException,
                refusal::toString);
    }
}
