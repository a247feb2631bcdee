package dev.plinth.platform.kvm.stub;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.plinth.platform.kvm.x86.Vector;

import java.lang.foreign.MemorySegment;
import java.util.HexFormat;

/**
 * The machine code of ring 0.
 *
 * <p>The way out is {@code hlt}: with no interrupt controller in the machine it ends KVM_RUN, and
 * on every processor rip is behind it then ({@code out} leaves rip at itself on some). Should
 * somebody resume a vCPU behind a {@code hlt}, it jumps back to it.
 */
final class MonitorCode {
    /**
     * <pre>
     *   f4       hlt
     *   eb fd    jmp  -3         ; back to the hlt
     * </pre>
     */
    private static final String HALT = "f4 eb fd";

    /**
     * Goes to ring 3 by a frame of rip, cs, rflags, rsp, ss at rsp. It alone restores rcx and r11
     * too.
     *
     * <pre>
     *   48 cf    iretq
     * </pre>
     */
    private static final String RETURN = "48 cf";

    /**
     * Executes rcx orders at rsi, each of three words: the address of a page table's entry, its new
     * value, and an address that it translates.
     *
     * <pre>
     *   48 8b 3e        mov    (%rsi), %rdi
     *   48 8b 46 08     mov    8(%rsi), %rax
     *   48 89 07        mov    %rax, (%rdi)
     *   48 8b 7e 10     mov    16(%rsi), %rdi
     *   0f 01 3f        invlpg (%rdi)
     *   48 83 c6 18     add    $24, %rsi
     *   48 ff c9        dec    %rcx
     *   75 e6           jnz    -26        ; to the beginning
     *   f4 eb fd        hlt; jmp -3
     * </pre>
     */
    private static final String TABLE_WRITER =
            "48 8b 3e 48 8b 46 08 48 89 07 48 8b 7e 10 0f 01 3f 48 83 c6 18 48 ff c9 75 e6" + HALT;

    /**
     * Asks the virtual processor what it is: leaf in eax, subleaf in ecx.
     *
     * <pre>
     *   0f a2       cpuid
     *   f4 eb fd    hlt; jmp -3
     * </pre>
     */
    private static final String CPUID = "0f a2" + HALT;

    private MonitorCode() {}

    static void write(MemorySegment monitor) {
        for (int vector = 0; vector < Vector.COUNT; vector++) {
            long entry = GuestLayout.VECTORS + ((long) vector << GuestLayout.VECTOR_SHIFT);
            put(monitor, entry, HALT);
        }
        put(monitor, GuestLayout.SYSCALL_ENTRY, HALT);
        put(monitor, GuestLayout.RETURN_TO_USER, RETURN);
        put(monitor, GuestLayout.TABLE_WRITER, TABLE_WRITER);
        put(monitor, GuestLayout.CPUID, CPUID);
    }

    private static void put(MemorySegment monitor, long at, String hex) {
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        MemorySegment.copy(code, 0, monitor, JAVA_BYTE, at, code.length);
    }
}
