package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

/** A host that refuses something: one exception, nothing left open, and the rest goes on. */
@Isolated("counts the descriptors of the whole process")
@Timeout(60)
class RefusingHostTest {
    private static final AddressRange PAGE = AddressRange.ofLength(0x40_0000, 4096);

    @Test
    void everyRequestThatFailsWhileAPlatformIsMadeLeavesNothing() {
        try (FakeKvm kvm = new FakeKvm()) {
            new KvmPlatform(kvm).close();
            int request = 1;
            boolean made = false;
            while (!made) {
                LeakCheck before = LeakCheck.now();
                kvm.failing = request;
                try (KvmPlatform platform = new KvmPlatform(kvm)) {
                    // Made although a request failed: it had an alternative, or there were fewer.
                    made = kvm.failing > 0;
                    assertTrue(platform.capabilities().maxContexts() > 0);
                } catch (HostCallException e) {
                    assertTrue(e.getMessage().startsWith("ioctl") || isReport(e), e::getMessage);
                }
                before.assertNothingNew();
                request++;
            }
            assertTrue(request > 20, "only " + request + " requests");
        }
    }

    private static boolean isReport(HostCallException e) {
        return e.getMessage().startsWith("the kvm platform on fd");
    }

    @Test
    void everyMappingThatFailsWhileAPlatformIsMadeLeavesNothing() {
        try (FakeKvm kvm = new FakeKvm()) {
            new KvmPlatform(kvm).close();
            LeakCheck before = LeakCheck.now();
            for (int mappings = 0; mappings < 2; mappings++) {
                kvm.mappings = mappings;
                assertThrows(HostCallException.class, () -> new KvmPlatform(kvm));
                before.assertNothingNew();
            }
        }
    }

    @Test
    void everyRequestThatFailsWhileAContextIsMadeLeavesThePlatformAsBefore() {
        try (FakeKvm kvm = new FakeKvm();
                KvmPlatform platform = new KvmPlatform(kvm);
                AddressSpace space = platform.newAddressSpace()) {
            for (int request = 1; request <= 4; request++) {
                LeakCheck before = LeakCheck.now();
                kvm.failing = request;
                assertThrows(HostCallException.class, platform::newContext);
                kvm.failing = 0;
                before.assertNothingNew();
            }
            kvm.mappings = 0;
            LeakCheck before = LeakCheck.now();
            assertThrows(HostCallException.class, platform::newContext);
            before.assertNothingNew();
            kvm.mappings = Integer.MAX_VALUE;
            assertRuns(platform, space);
        }
    }

    @Test
    void limitOnVcpusIsToldByItsErrno() {
        try (FakeKvm kvm = new FakeKvm();
                KvmPlatform platform = new KvmPlatform(kvm);
                AddressSpace space = platform.newAddressSpace()) {
            for (Errno errno : new Errno[] {Errno.EMFILE, Errno.ENOMEM}) {
                kvm.answers.put(Kvm.KVM_CREATE_VCPU, (long) -errno.number());
                HostCallException refused =
                        assertThrows(HostCallException.class, platform::newContext);
                assertTrue(refused.is(errno), refused::getMessage);
            }
            kvm.answers.clear();
            assertRuns(platform, space);
        }
    }

    @Test
    void memoryThatTheHostRefusesFailsTheMapping() {
        try (FakeKvm kvm = new FakeKvm();
                KvmPlatform platform = new KvmPlatform(kvm);
                AddressSpace space = platform.newAddressSpace()) {
            kvm.answers.put(Kvm.KVM_SET_USER_MEMORY_REGION, (long) -Errno.ENOMEM.number());
            HostCallException refused =
                    assertThrows(
                            HostCallException.class,
                            () -> space.map(PAGE, kvm, 0, AccessType.READ));
            assertTrue(refused.is(Errno.ENOMEM));
            kvm.answers.clear();
            space.map(PAGE, kvm, 0, AccessType.READ);
        }
    }

    @Test
    void translationsThatTheHostDoesNotDropFailTheUnmapping() {
        try (FakeKvm kvm = new FakeKvm();
                KvmPlatform platform = new KvmPlatform(kvm);
                AddressSpace space = platform.newAddressSpace()) {
            space.map(PAGE, kvm, 0, AccessType.READ);
            kvm.results.put((long) SystemCalls.MADVISE, (long) -Errno.EINVAL.number());
            assertTrue(
                    assertThrows(HostCallException.class, () -> space.unmap(PAGE))
                            .is(Errno.EINVAL));
            kvm.results.clear();
            space.unmap(PAGE);
        }
    }

    @Test
    void vectorStateThatTheHostRefusesIsAnErrorOfTheRun() {
        try (FakeKvm kvm = new FakeKvm();
                KvmPlatform platform = new KvmPlatform(kvm);
                AddressSpace space = platform.newAddressSpace();
                ExecutionContext context = platform.newContext()) {
            kvm.answers.put(Kvm.KVM_SET_XSAVE, (long) -Errno.EINVAL.number());
            Registers registers = new Registers();
            assertThrows(HostCallException.class, () -> context.run(space, registers));
            kvm.answers.clear();
            assertSame(Trap.SYSTEM_CALL, context.run(space, registers));
        }
    }

    @Test
    void deviceThatIsNotKvmIsRefused() {
        try (FakeKvm kvm = new FakeKvm()) {
            kvm.answers.put(Kvm.KVM_GET_API_VERSION, (long) -Errno.ENOTTY.number());
            LeakCheck before = LeakCheck.now();
            HostCallException refused =
                    assertThrows(HostCallException.class, () -> new KvmPlatform(kvm));
            assertTrue(refused.getMessage().contains("ENOTTY"), refused::getMessage);
            kvm.answers.put(Kvm.KVM_GET_API_VERSION, 11L);
            refused = assertThrows(HostCallException.class, () -> new KvmPlatform(kvm));
            assertTrue(refused.getMessage().contains("version 11"), refused::getMessage);
            before.assertNothingNew();
        }
    }

    @Test
    void processorWithoutOptionsIsUsedWithoutThem() {
        try (FakeKvm kvm = new FakeKvm()) {
            // The last of four tries succeeds; then MSR 0x140 is refused: both have alternatives.
            kvm.answers.put(Kvm.KVM_SET_SREGS, (long) -Errno.EINVAL.number());
            HostCallException refused =
                    assertThrows(HostCallException.class, () -> new KvmPlatform(kvm));
            assertTrue(refused.is(Errno.EINVAL));
            kvm.answers.clear();
            kvm.answers.put(Kvm.KVM_SET_MSRS, 0L);
            assertThrows(HostCallException.class, () -> new KvmPlatform(kvm));
        }
    }

    private static void assertRuns(KvmPlatform platform, AddressSpace space) {
        try (ExecutionContext context = platform.newContext()) {
            assertSame(Trap.SYSTEM_CALL, context.run(space, new Registers()));
            assertEquals(1, platform.vcpus().made());
        }
    }
}
