package dev.plinth.kernel.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Inventory;

import org.junit.jupiter.api.Test;

import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

final class RequirementsTest {
    private static final CpuFeatures CPU = new CpuFeatures(0x178bfbff, 2, 0xe7, 2688);
    private static final AddressRange ADDRESSES = new AddressRange(0x10000, 0x7fff_0000_0000L);

    private static Requirements needing(int mapUnit, String... features) {
        return new Requirements(
                new Inventory(
                        Instant.EPOCH,
                        "ptrace",
                        List.of(),
                        CPU,
                        List.of(features),
                        mapUnit,
                        ADDRESSES,
                        List.of(),
                        List.of(),
                        Inventory.Files.NONE));
    }

    private static PlatformCapabilities having(int mapUnit, Set<PlatformFeature> features) {
        return new PlatformCapabilities(ADDRESSES, mapUnit, 100, CPU, features);
    }

    private static String refused(Requirements requirements, PlatformCapabilities capabilities) {
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> requirements.checkPlatform("other", capabilities));
        assertEquals(ErrorCode.IMAGE_UNSUITABLE, e.code());
        assertTrue(e.remedy().contains("plinth platforms"), e::remedy);
        assertTrue(e.getMessage().contains("platform other"), e::getMessage);
        return e.getMessage();
    }

    @Test
    void aPlatformThatHasMoreIsSuitableAndShowsWhatTheProgramsKnow() {
        Requirements requirements = needing(65536, "VECTOR_STATE");
        PlatformCapabilities more = having(4096, EnumSet.allOf(PlatformFeature.class));
        requirements.checkPlatform("other", more);
        assertEquals(
                new PlatformCapabilities(
                        ADDRESSES, 65536, 100, CPU, Set.of(PlatformFeature.VECTOR_STATE)),
                requirements.shownOf(more));
    }

    @Test
    void eachFeatureThatIsMissingIsNamed() {
        String message =
                refused(
                        needing(4096, "VECTOR_STATE", "SINGLE_STEP", "NATIVE_CODE"),
                        having(4096, Set.of(PlatformFeature.VECTOR_STATE)));
        assertTrue(message.contains("shown NATIVE_CODE, SINGLE_STEP, which"), message);
    }

    @Test
    void aFeatureOfALaterPlinthIsNamedToo() {
        String message =
                refused(
                        needing(4096, "TIME_TRAVEL"),
                        having(4096, EnumSet.allOf(PlatformFeature.class)));
        assertTrue(message.contains("TIME_TRAVEL"), message);
    }

    @Test
    void memoryThatIsMappedByLargerPiecesIsRefused() {
        String message = refused(needing(4096), having(65536, Set.of()));
        assertTrue(message.contains("4096") && message.contains("65536"), message);
    }
}
