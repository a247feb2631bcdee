package dev.plinth.kernel.task;

import dev.plinth.api.platform.CpuFeatures;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Which features of the processor programs were told of that a platform does not have, by the names
 * that {@code /proc/cpuinfo} and the manuals of the processor give them.
 */
public final class LackingFeatures {
    private static final int SHOWN = 4;

    /** CPUID leaf 1, EDX: asm/cpufeatures.h, word 0. No name stands for a reserved bit. */
    private static final List<String> HWCAP =
            Arrays.asList(
                    ("fpu vme de pse tsc msr pae mce cx8 apic - sep mtrr pge mca cmov pat pse36 pn"
                                    + " clflush - dts acpi mmx fxsr sse sse2 ss ht tm ia64 pbe")
                            .split(" ", -1));

    /** asm/hwcap2.h. */
    private static final List<String> HWCAP2 = List.of("ring3mwait", "fsgsbase");

    /** asm/fpu/types.h, enum xfeature. */
    private static final List<String> XCR0 =
            Arrays.asList(
                    ("x87 SSE AVX MPX-bounds MPX-status AVX-512-masks AVX-512-high-256"
                                    + " AVX-512-high-16 PT PKRU PASID CET-user CET-kernel HDC UINTR"
                                    + " LBR HWP AMX-config AMX-data")
                            .split(" ", -1));

    private LackingFeatures() {}

    /**
     * Names them, each with what told the programs of it.
     *
     * @param has what a platform offers
     * @param needed what programs were told of
     * @return empty if nothing is lacking; else the first few, and how many more there are
     */
    public static Optional<String> of(CpuFeatures has, CpuFeatures needed) {
        List<String> lacking = new ArrayList<>();
        add(lacking, "hwcap", HWCAP, needed.hwcap() & ~has.hwcap());
        add(lacking, "hwcap2", HWCAP2, needed.hwcap2() & ~has.hwcap2());
        add(lacking, "xcr0", XCR0, needed.xcr0() & ~has.xcr0());
        if (needed.vectorStateBytes() > has.vectorStateBytes()) {
            lacking.add(
                    "%d bytes of vector state (it has %d)"
                            .formatted(needed.vectorStateBytes(), has.vectorStateBytes()));
        }
        return lacking.isEmpty() ? Optional.empty() : Optional.of(shown(lacking));
    }

    /** Enough of them to see what kind of processor it takes. */
    private static String shown(List<String> lacking) {
        String first = lacking.stream().limit(SHOWN).collect(Collectors.joining(", "));
        int more = lacking.size() - SHOWN;
        return more > 0 ? first + " and " + more + " more" : first;
    }

    private static void add(List<String> lacking, String word, List<String> names, long bits) {
        for (int bit = 0; bit < Long.SIZE; bit++) {
            if ((bits & 1L << bit) != 0) {
                String name = bit < names.size() ? names.get(bit) : "-";
                lacking.add(
                        name.equals("-")
                                ? "bit %d of %s".formatted(bit, word)
                                : "%s (bit %d of %s)".formatted(name, bit, word));
            }
        }
    }
}
