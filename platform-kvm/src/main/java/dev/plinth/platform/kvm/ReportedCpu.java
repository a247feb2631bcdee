package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.platform.kvm.linux.KvmCpuid;
import dev.plinth.platform.kvm.linux.Xsave;
import dev.plinth.platform.kvm.x86.CpuidLeaf;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * What the host says of the processor that guests have.
 *
 * <p>Immutable; any thread may call any method.
 */
final class ReportedCpu {
    /** What a processor has that does not say. */
    private static final int DEFAULT_PHYSICAL_ADDRESS_BITS = 36;

    // linux/auxvec.h
    private static final long AT_HWCAP = 16;
    private static final long AT_HWCAP2 = 26;

    private final MemorySegment supported;
    private final CpuFeatures features;
    private final int physicalAddressBits;

    ReportedCpu(HostKernel host, KvmDevice kvm) {
        supported = kvm.supportedCpuid(Arena.ofAuto());
        long offered = find(CpuidLeaf.XSAVE, 0).map(CpuidAnswer::eax).orElse(0);
        long xcr0 = Xsave.X87 | Xsave.SSE | (offered & Xsave.GUEST_COMPONENTS);
        // The processor is the one that this process has, so it reads what Linux tells it.
        ByteBuffer own =
                ByteBuffer.wrap(HostFiles.read(host, "/proc/self/auxv"))
                        .order(ByteOrder.LITTLE_ENDIAN);
        features =
                new CpuFeatures(
                        auxiliary(own, AT_HWCAP),
                        auxiliary(own, AT_HWCAP2),
                        xcr0,
                        vectorStateBytes(xcr0));
        offerMachineFeatures((int) features.hwcap());
        physicalAddressBits =
                find(CpuidLeaf.ADDRESS_SIZES, 0)
                        .map(answer -> answer.eax() & 0xff)
                        .orElse(DEFAULT_PHYSICAL_ADDRESS_BITS);
    }

    /** Without these, CPUID would deny what the auxiliary vector of programs says. */
    private void offerMachineFeatures(int own) {
        entry(CpuidLeaf.FEATURES, 0)
                .ifPresent(entry -> {
                    int offered = entry.get(JAVA_INT, KvmCpuid.ENTRY_EDX);
                    int added = own & CpuidLeaf.MACHINE_FEATURES;
                    entry.set(JAVA_INT, KvmCpuid.ENTRY_EDX, offered | added);
                });
    }

    private static long auxiliary(ByteBuffer vector, long type) {
        for (int at = 0; at + 16 <= vector.limit(); at += 16) {
            if (vector.getLong(at) == type) {
                return vector.getLong(at + Long.BYTES);
            }
        }
        return 0;
    }

    /** The end of the last of the components. */
    private int vectorStateBytes(long xcr0) {
        int end = CpuFeatures.MIN_VECTOR_STATE_BYTES;
        for (int component = 2; component < Long.SIZE; component++) {
            if ((xcr0 >>> component & 1) != 0) {
                int componentEnd =
                        find(CpuidLeaf.XSAVE, component)
                                .map(answer -> answer.eax() + answer.ebx())
                                .orElse(0);
                end = Math.max(end, componentEnd);
            }
        }
        if (end > Xsave.KVM_XSAVE_BYTES) {
            throw new IllegalStateException("vector state of " + end + " bytes");
        }
        return end;
    }

    private Optional<CpuidAnswer> find(int leaf, int subleaf) {
        return entry(leaf, subleaf)
                .map(entry ->
                        new CpuidAnswer(
                                entry.get(JAVA_INT, KvmCpuid.ENTRY_EAX),
                                entry.get(JAVA_INT, KvmCpuid.ENTRY_EBX),
                                entry.get(JAVA_INT, KvmCpuid.ENTRY_ECX),
                                entry.get(JAVA_INT, KvmCpuid.ENTRY_EDX)));
    }

    private Optional<MemorySegment> entry(int leaf, int subleaf) {
        int entries = Math.min(supported.get(JAVA_INT, KvmCpuid.NENT), KvmCpuid.MAX_ENTRIES);
        for (int i = 0; i < entries; i++) {
            MemorySegment entry =
                    supported.asSlice(
                            KvmCpuid.ENTRIES + (long) i * KvmCpuid.ENTRY_BYTES,
                            KvmCpuid.ENTRY_BYTES);
            if (entry.get(JAVA_INT, KvmCpuid.ENTRY_FUNCTION) == leaf
                    && entry.get(JAVA_INT, KvmCpuid.ENTRY_INDEX) == subleaf) {
                return Optional.of(entry);
            }
        }
        return Optional.empty();
    }

    /** All that KVM supports: a {@code struct kvm_cpuid2}. */
    MemorySegment supported() {
        return supported;
    }

    /** What programs are told. */
    CpuFeatures features() {
        return features;
    }

    /** The size of a guest physical address. */
    int physicalAddressBits() {
        return physicalAddressBits;
    }
}
