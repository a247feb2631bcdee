package dev.plinth.api.platform;

/**
 * What a guest program is told of the processor it runs on.
 *
 * @param hwcap {@code AT_HWCAP} of the auxiliary vector: CPUID leaf 1, register EDX
 * @param hwcap2 {@code AT_HWCAP2} of the auxiliary vector, as getauxval(3); bit 1 says that the
 *     instructions RDFSBASE and the like work
 * @param xcr0 which kinds of vector state the guest can use, as the XGETBV instruction gives it to
 *     the guest
 * @param vectorStateBytes the size of an XSAVE area in standard format for {@code xcr0}: at least
 *     {@value #MIN_VECTOR_STATE_BYTES}; zero if the platform has no vector state
 */
public record CpuFeatures(long hwcap, long hwcap2, long xcr0, int vectorStateBytes) {
    /** The legacy region and the header of an XSAVE area. */
    public static final int MIN_VECTOR_STATE_BYTES = 576;

    /** More than any processor has; what an image or plugin claims beyond is refused. */
    public static final int MAX_VECTOR_STATE_BYTES = 1 << 16;

    public CpuFeatures {
        boolean none = vectorStateBytes == 0;
        boolean fits =
                vectorStateBytes >= MIN_VECTOR_STATE_BYTES
                        && vectorStateBytes <= MAX_VECTOR_STATE_BYTES;
        if (!none && !fits) {
            throw new IllegalArgumentException("not an XSAVE area: " + vectorStateBytes + " bytes");
        }
    }
}
