package dev.plinth.kernel.loader.vdso;

import dev.plinth.kernel.loader.vdso.CodeWriter.Label;
import dev.plinth.kernel.state.NotSaved;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The functions of the vDSO, in machine code.
 *
 * <p>They read {@link ClockPage}, which lies one page below the image, and follow the calling
 * convention of C. What they cannot tell, they ask the kernel: by the system call of the same name,
 * with their arguments still in place.
 */
@NotSaved("the same in every sandbox; a program keeps the functions that it has found")
final class VdsoCode {
    private static final int SYS_GETTIMEOFDAY = 96;
    private static final int SYS_TIME = 201;
    private static final int SYS_CLOCK_GETTIME = 228;
    private static final int SYS_CLOCK_GETRES = 229;
    private static final int SYS_GETCPU = 309;

    private static final int CAPACITY = 1024;
    private static final int ALIGNMENT = 16;

    private final CodeWriter code = new CodeWriter(CAPACITY);
    private final int base;
    private final Label now = new Label();
    private final Map<String, Integer> functions = new LinkedHashMap<>();
    private final byte[] bytes;

    /**
     * Writes the code.
     *
     * @param base at which offset of the image it will lie, a multiple of 16
     */
    VdsoCode(int base) {
        this.base = base;
        begin("clock_gettime");
        emitClockGettime();
        begin("gettimeofday");
        emitGettimeofday();
        begin("time");
        emitTime();
        begin("clock_getres");
        emitClockGetres();
        begin("getcpu");
        // Which of the sandbox's processors this is, the processor does not know.
        emitAsk(SYS_GETCPU);
        code.align(ALIGNMENT);
        emitNow();
        bytes = code.finish();
    }

    /** The machine code. */
    byte[] bytes() {
        return bytes;
    }

    /** The functions' names without a prefix, and their offsets in the image. */
    Map<String, Integer> functions() {
        return functions;
    }

    private void begin(String name) {
        code.align(ALIGNMENT);
        functions.put(name, base + code.position());
    }

    /** int clock_gettime(edi = clock, rsi = struct timespec). */
    private void emitClockGettime() {
        Label ask = new Label();
        emitRequireKnownClock(ask);
        code.emit(0x89, 0xf9); //                               mov ecx, edi
        code.call(now); //                                      call now
        code.jump(CodeWriter.JB, ask); //                       jc ask
        code.emit(0x4c, 0x89, 0x16); //                         mov [rsi], r10
        code.emit(0x48, 0x89, 0x46, 0x08); //                   mov [rsi + 8], rax
        code.emit(0x31, 0xc0); //                               xor eax, eax
        code.emit(0xc3); //                                     ret
        code.bind(ask); //                                  ask:
        emitAsk(SYS_CLOCK_GETTIME);
    }

    /** int gettimeofday(rdi = struct timeval or null, rsi = struct timezone or null). */
    private void emitGettimeofday() {
        Label ask = new Label();
        Label done = new Label();
        code.emit(0x48, 0x85, 0xff); //                         test rdi, rdi
        code.jump(CodeWriter.JZ, ask); //                       jz ask
        code.emit(0x31, 0xc9); //                               xor ecx, ecx (CLOCK_REALTIME)
        code.call(now); //                                      call now
        code.jump(CodeWriter.JB, ask); //                       jc ask
        // Division by 1000: a multiplication by 2^38 / 1000, exact below 2^31.
        code.emit(0x48, 0x69, 0xc0, 0xd3, 0x4d, 0x62, 0x10); // imul rax, rax, 274877907
        code.emit(0x48, 0xc1, 0xe8, 0x26); //                   shr rax, 38
        code.emit(0x4c, 0x89, 0x17); //                         mov [rdi], r10
        code.emit(0x48, 0x89, 0x47, 0x08); //                   mov [rdi + 8], rax
        code.emit(0x48, 0x85, 0xf6); //                         test rsi, rsi
        code.jump(CodeWriter.JZ, done); //                      jz done
        code.emit(0x48, 0x83, 0x26, 0x00); //                   and qword [rsi], 0
        code.bind(done); //                                 done:
        code.emit(0x31, 0xc0); //                               xor eax, eax
        code.emit(0xc3); //                                     ret
        code.bind(ask); //                                  ask:
        emitAsk(SYS_GETTIMEOFDAY);
    }

    /** time_t time(rdi = time_t pointer or null). */
    private void emitTime() {
        Label ask = new Label();
        Label done = new Label();
        code.emit(0x31, 0xc9); //                               xor ecx, ecx (CLOCK_REALTIME)
        code.call(now); //                                      call now
        code.jump(CodeWriter.JB, ask); //                       jc ask
        code.emit(0x48, 0x85, 0xff); //                         test rdi, rdi
        code.jump(CodeWriter.JZ, done); //                      jz done
        code.emit(0x4c, 0x89, 0x17); //                         mov [rdi], r10
        code.bind(done); //                                 done:
        code.emit(0x4c, 0x89, 0xd0); //                         mov rax, r10
        code.emit(0xc3); //                                     ret
        code.bind(ask); //                                  ask:
        emitAsk(SYS_TIME);
    }

    /** int clock_getres(edi = clock, rsi = struct timespec or null). */
    private void emitClockGetres() {
        Label ask = new Label();
        Label done = new Label();
        emitRequireKnownClock(ask);
        code.emit(0xb8); //                                     mov eax, 1
        code.emitInt(1);
        code.emit(0xb9); //                                     mov ecx, COARSE_NANOS
        code.emitInt(ClockPage.COARSE_NANOS);
        code.emit(0x8d, 0x57, -ClockPage.REALTIME_COARSE); //   lea edx, [rdi - REALTIME_COARSE]
        code.emit(0x83, 0xfa, 0x01); //                         cmp edx, 1 (and MONOTONIC_COARSE)
        code.emit(0x0f, 0x46, 0xc1); //                         cmovbe eax, ecx
        code.emit(0x48, 0x85, 0xf6); //                         test rsi, rsi
        code.jump(CodeWriter.JZ, done); //                      jz done
        code.emit(0x48, 0x83, 0x26, 0x00); //                   and qword [rsi], 0
        code.emit(0x48, 0x89, 0x46, 0x08); //                   mov [rsi + 8], rax
        code.bind(done); //                                 done:
        code.emit(0x31, 0xc0); //                               xor eax, eax
        code.emit(0xc3); //                                     ret
        code.bind(ask); //                                  ask:
        emitAsk(SYS_CLOCK_GETRES);
    }

    /** Goes elsewhere unless edi is a clock that the page has; changes eax. */
    private void emitRequireKnownClock(Label otherwise) {
        code.emit(0x83, 0xff, ClockPage.CLOCKS - 1); //         cmp edi, CLOCKS - 1
        code.jump(CodeWriter.JA, otherwise); //                 ja otherwise
        code.emit(0xb8); //                                     mov eax, KNOWN
        code.emitInt(ClockPage.KNOWN);
        code.emit(0x0f, 0xa3, 0xf8); //                         bt eax, edi
        code.jump(CodeWriter.JAE, otherwise); //                jnc otherwise
    }

    /** Asks the kernel; the registers hold what they held when the function was called. */
    private void emitAsk(int number) {
        code.emit(0xb8); //                                     mov eax, number
        code.emitInt(number);
        code.emit(0x0f, 0x05); //                               syscall
        code.emit(0xc3); //                                     ret
    }

    /**
     * Reads a clock: takes ecx = clock; leaves r10 = seconds, rax = nanoseconds, or the carry flag
     * set if the kernel must be asked. Keeps rdi and rsi.
     *
     * <p>Nothing waits for the kernel's writer: it may have lost its processor in the midst of
     * writing, and the system call is at hand.
     */
    private void emitNow() {
        Label retry = new Label();
        Label stale = new Label();
        Label carry = new Label();
        Label whole = new Label();
        Label coarse = new Label();
        code.bind(now); //                                  now:
        code.emit(0x4c, 0x8d, 0x05); //                         lea r8, [rip + page]
        code.emitInt(-Vdso.PAGE_BYTES - (base + code.position() + Integer.BYTES));
        code.bind(retry); //                                retry:
        code.emit(0x45, 0x8b, 0x08); //                         mov r9d, [r8 + SEQUENCE]
        code.emit(0x41, 0xf6, 0xc1, 0x01); //                   test r9b, 1
        code.jump(CodeWriter.JNZ, stale); //                    jnz stale
        // The counter is not read before what is above it.
        code.emit(0x0f, 0xae, 0xe8); //                         lfence
        code.emit(0x0f, 0x31); //                               rdtsc
        code.emit(0x48, 0xc1, 0xe2, 0x20); //                   shl rdx, 32
        code.emit(0x48, 0x09, 0xd0); //                         or rax, rdx
        code.emit(0x49, 0x2b, 0x40, ClockPage.BASE); //         sub rax, [r8 + BASE]
        // Below the base, too: as an unsigned number that is a long way above it.
        code.emit(0x49, 0x3b, 0x40, ClockPage.REACH); //        cmp rax, [r8 + REACH]
        code.jump(CodeWriter.JAE, stale); //                    jae stale
        code.emit(0x49, 0xf7, 0x60, ClockPage.RATE); //         mul qword [r8 + RATE]
        code.emit(0x48, 0x0f, 0xac, 0xd0, 0x20); //             shrd rax, rdx, 32
        code.emit(0x89, 0xca); //                               mov edx, ecx
        code.emit(0xc1, 0xe2, 0x04); //                         shl edx, 4
        code.emit(0x4d, 0x8b, 0x54, 0x10, ClockPage.TIMES); //  mov r10, [r8 + rdx + TIMES]
        code.emit(0x49, 0x03, 0x44, 0x10, ClockPage.TIMES + 8); // add rax, [r8 + rdx + TIMES + 8]
        // Loads are not reordered with loads on x86-64.
        code.emit(0x45, 0x3b, 0x08); //                         cmp r9d, [r8 + SEQUENCE]
        code.jump(CodeWriter.JNZ, retry); //                    jne retry
        code.bind(carry); //                                carry:
        code.emit(0x48, 0x3d); //                               cmp rax, 1000000000
        code.emitInt(1_000_000_000);
        code.jump(CodeWriter.JB, whole); //                     jb whole
        code.emit(0x48, 0x2d); //                               sub rax, 1000000000
        code.emitInt(1_000_000_000);
        code.emit(0x49, 0xff, 0xc2); //                         inc r10
        code.jump(CodeWriter.JMP, carry); //                    jmp carry
        code.bind(whole); //                                whole:
        code.emit(0x83, 0xe9, ClockPage.REALTIME_COARSE); //    sub ecx, REALTIME_COARSE
        code.emit(0x83, 0xf9, 0x01); //                         cmp ecx, 1 (and MONOTONIC_COARSE)
        code.jump(CodeWriter.JBE, coarse); //                   jbe coarse
        code.emit(0xf8); //                                     clc
        code.emit(0xc3); //                                     ret
        code.bind(coarse); //                               coarse:
        code.emit(0x49, 0x89, 0xc3); //                         mov r11, rax
        code.emit(0x31, 0xd2); //                               xor edx, edx
        code.emit(0xb9); //                                     mov ecx, COARSE_NANOS
        code.emitInt(ClockPage.COARSE_NANOS);
        code.emit(0xf7, 0xf1); //                               div ecx
        code.emit(0x49, 0x29, 0xd3); //                         sub r11, rdx (clears carry)
        code.emit(0x4c, 0x89, 0xd8); //                         mov rax, r11
        code.emit(0xc3); //                                     ret
        code.bind(stale); //                                stale:
        code.emit(0xf9); //                                     stc
        code.emit(0xc3); //                                     ret
    }
}
