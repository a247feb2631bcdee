package dev.plinth.kernel.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.platform.CpuFeatures;

import org.junit.jupiter.api.Test;

import java.util.Optional;

final class LackingFeaturesTest {
    private static final CpuFeatures HAS = new CpuFeatures(0x78bfbff, 2, 0x7, 832);

    @Test
    void nothingIsLackingWhereThereIsMore() {
        assertEquals(
                Optional.empty(), LackingFeatures.of(HAS, new CpuFeatures(0x1ff, 0, 0x3, 576)));
    }

    @Test
    void eachKindIsNamed() {
        assertEquals(
                Optional.of(
                        "ht (bit 28 of hwcap), bit 5 of hwcap2, PKRU (bit 9 of xcr0), 2696 bytes of"
                                + " vector state (it has 832)"),
                LackingFeatures.of(HAS, new CpuFeatures(0x178bfbff | 1 << 28, 0x22, 0x207, 2696)));
    }

    @Test
    void manyAreCutShort() {
        assertEquals(
                Optional.of(
                        "MPX-bounds (bit 3 of xcr0), MPX-status (bit 4 of xcr0), AVX-512-masks (bit"
                                + " 5 of xcr0), AVX-512-high-256 (bit 6 of xcr0) and 3 more"),
                LackingFeatures.of(HAS, new CpuFeatures(0, 0, 0x2ff, 2696)));
    }
}
