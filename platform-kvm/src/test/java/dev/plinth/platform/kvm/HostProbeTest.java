package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.testkit.LeakCheck;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

/** Why KVM cannot be used, and what to do about it. */
class HostProbeTest {
    private static final List<Integer> REQUIRED =
            List.of(
                    Kvm.KVM_CAP_USER_MEMORY,
                    Kvm.KVM_CAP_SET_TSS_ADDR,
                    Kvm.KVM_CAP_EXT_CPUID,
                    Kvm.KVM_CAP_SYNC_MMU,
                    Kvm.KVM_CAP_VCPU_EVENTS,
                    Kvm.KVM_CAP_XSAVE,
                    Kvm.KVM_CAP_XCRS,
                    Kvm.KVM_CAP_SYNC_REGS,
                    Kvm.KVM_CAP_IMMEDIATE_EXIT);

    private static Availability.Unusable unusable(FakeKvm kvm) {
        LeakCheck before = LeakCheck.now();
        Availability availability = new KvmPlatformFactory().availability(kvm.host);
        before.assertNothingNew();
        return assertInstanceOf(Availability.Unusable.class, availability);
    }

    /** A host on which the device is a file that can be opened. */
    private static FakeKvm opened() {
        FakeKvm kvm = new FakeKvm();
        kvm.devicePath = "/dev/null";
        return kvm;
    }

    private static FakeKvm refusing(Errno errno) {
        FakeKvm kvm = new FakeKvm();
        kvm.results.put((long) SystemCalls.OPENAT, (long) -errno.number());
        return kvm;
    }

    @Test
    void usableIfEverythingIsThere() {
        try (FakeKvm kvm = opened()) {
            assertEquals(Availability.usable(), new KvmPlatformFactory().availability(kvm.host));
        }
    }

    @Test
    void noDevice() {
        try (FakeKvm kvm = refusing(Errno.ENOENT)) {
            assertEquals("there is no /dev/kvm", unusable(kvm).reason());
            assertTrue(unusable(kvm).remedy().contains("modprobe"));
        }
    }

    @Test
    void noPermission() {
        for (Errno errno : List.of(Errno.EACCES, Errno.EPERM)) {
            try (FakeKvm kvm = refusing(errno)) {
                assertEquals(
                        "this user may not open /dev/kvm (" + errno + ")", unusable(kvm).reason());
                assertTrue(unusable(kvm).remedy().contains("group"), unusable(kvm).remedy());
            }
        }
    }

    @Test
    void noPermissionNamesTheGroupToJoin() {
        try (FakeKvm kvm = opened()) {
            kvm.openErrors.put(KvmPlatformFactory.PATH, Errno.EACCES);
            kvm.deviceGroup = Optional.of(1);
            assertEquals(
                    "join the group daemon (usermod -aG daemon USER, then log in again)",
                    unusable(kvm).remedy());
        }
    }

    @Test
    void deviceWithoutDriver() {
        try (FakeKvm kvm = refusing(Errno.ENODEV)) {
            assertEquals("/dev/kvm cannot be opened: ENODEV", unusable(kvm).reason());
        }
    }

    @Test
    void somethingElseThanKvm() {
        try (FakeKvm kvm = opened()) {
            kvm.answers.put(Kvm.KVM_GET_API_VERSION, (long) -Errno.ENOTTY.number());
            assertEquals("/dev/kvm is not KVM's device: it answers ENOTTY", unusable(kvm).reason());
        }
    }

    @Test
    void anotherVersion() {
        try (FakeKvm kvm = opened()) {
            kvm.answers.put(Kvm.KVM_GET_API_VERSION, 13L);
            assertEquals("KVM's API has version 13, not 12", unusable(kvm).reason());
        }
    }

    @Test
    void eachMissingCapability() {
        for (int capability : REQUIRED) {
            try (FakeKvm kvm = opened()) {
                kvm.capabilities.put(capability, 0L);
                String reason = unusable(kvm).reason();
                assertTrue(reason.startsWith("this KVM lacks KVM_CAP_"), reason);
            }
        }
        try (FakeKvm kvm = opened()) {
            kvm.capabilities.put(Kvm.KVM_CAP_SYNC_REGS, 3L);
            assertEquals("this KVM lacks KVM_CAP_SYNC_REGS", unusable(kvm).reason());
        }
    }

    @Test
    void theDeviceIsDeclared() {
        KvmPlatformFactory factory = new KvmPlatformFactory();
        assertEquals("kvm", factory.name());
        assertEquals(
                List.of(
                        new DeviceDeclaration(
                                KvmPlatformFactory.DEVICE,
                                "/dev/kvm",
                                DeviceDeclaration.OpenMode.READ_WRITE,
                                true)),
                factory.devices());
        assertEquals("device/kvm", KvmPlatformFactory.DEVICE.name());
    }
}
