package dev.plinth.api.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.AddressRange;

import org.junit.jupiter.api.Test;

import java.lang.foreign.ValueLayout;
import java.util.Set;

final class PlatformValuesTest {
    private static final CpuFeatures CPU = new CpuFeatures(0, 0, 7, 832);
    private static final AddressRange USER = new AddressRange(0x10000, 0x7fff_0000_0000L);

    @Test
    void registersLieInTheOrderOfUserRegsStruct() {
        Registers registers = new Registers();
        registers.setR15(15);
        registers.setRax(80);
        registers.setOrigRax(120);
        registers.setRip(128);
        registers.setFsBase(168);
        registers.setGs(208);
        // Offsets of struct user_regs_struct, sys/user.h.
        for (int offset : new int[] {80, 120, 128, 168, 208}) {
            assertEquals(offset, registers.segment().get(ValueLayout.JAVA_LONG, offset));
        }
        assertEquals(15, registers.segment().get(ValueLayout.JAVA_LONG, 0));
        assertEquals(216, Registers.BYTES);
        Registers copy = new Registers();
        copy.copyFrom(registers);
        assertEquals(-1, copy.segment().mismatch(registers.segment()));
    }

    @Test
    void aFeatureThatIsLackingIsRefusedByName() {
        PlatformCapabilities capabilities =
                new PlatformCapabilities(USER, 4096, 1, CPU, Set.of(PlatformFeature.NATIVE_CODE));
        capabilities.require(PlatformFeature.NATIVE_CODE);
        assertFalse(capabilities.has(PlatformFeature.SINGLE_STEP));
        UnsupportedCapabilityException e =
                assertThrows(
                        UnsupportedCapabilityException.class,
                        () -> capabilities.require(PlatformFeature.SINGLE_STEP));
        assertEquals(PlatformFeature.SINGLE_STEP, e.feature());
    }

    @Test
    void capabilitiesThatMakeNoSenseAreRefused() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new PlatformCapabilities(USER, 4095, 1, CPU, Set.of()));
        assertThrows(
                IllegalArgumentException.class,
                () -> new PlatformCapabilities(USER, 4096, 0, CPU, Set.of()));
        assertThrows(
                IllegalArgumentException.class,
                () -> new PlatformCapabilities(new AddressRange(1, 4096), 4096, 1, CPU, Set.of()));
        assertThrows(IllegalArgumentException.class, () -> new CpuFeatures(0, 0, 7, 100));
    }

    @Test
    void aDeviceHasADeviceRoleAndAnAbsolutePath() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new DeviceDeclaration(
                                FdRole.LOG,
                                "/dev/kvm",
                                DeviceDeclaration.OpenMode.READ_WRITE,
                                true));
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new DeviceDeclaration(
                                FdRole.device("kvm"),
                                "dev/kvm",
                                DeviceDeclaration.OpenMode.READ_WRITE,
                                true));
    }

    @Test
    void anUnusablePlatformSaysWhyAndWhatToDo() {
        assertThrows(IllegalArgumentException.class, () -> Availability.unusable(" ", "x"));
        assertThrows(IllegalArgumentException.class, () -> Availability.unusable("x", ""));
    }
}
