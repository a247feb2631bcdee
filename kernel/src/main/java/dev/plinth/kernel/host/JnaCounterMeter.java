package dev.plinth.kernel.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import com.sun.jna.Function;
import com.sun.jna.Pointer;

import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.time.CounterMeter;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Measures the time stamp counter with a few instructions of its own, since Java has none to read
 * it: the counter, the C library's clock_gettime, the counter again.
 */
public final class JnaCounterMeter implements CounterMeter {
    private static final Logger log = LoggerFactory.getLogger(JnaCounterMeter.class);

    private static final Path CLOCK_SOURCE =
            Path.of("/sys/devices/system/clocksource/clocksource0/current_clocksource");

    private static final long SYS_MMAP = 9;
    private static final long SYS_MPROTECT = 10;
    private static final long SYS_MUNMAP = 11;
    private static final long PROT_READ = 1;
    private static final long PROT_WRITE = 2;
    private static final long PROT_EXEC = 4;
    private static final long MAP_PRIVATE = 2;
    private static final long MAP_ANONYMOUS = 0x20;
    private static final long PAGE_BYTES = 4096;

    private static final int CLOCK_REALTIME = 0;
    private static final int CLOCK_MONOTONIC = 1;

    /** The best of so many attempts counts: the others lost the processor, or their caches. */
    private static final int ATTEMPTS = 5;

    // What the code leaves in its buffer.
    private static final long BEFORE = 0;
    private static final long AFTER = 8;
    private static final long SECONDS = 16;
    private static final long NANOS = 24;
    private static final long BUFFER_BYTES = 32;

    /** void measure(rdi = clock_gettime, esi = clock, rdx = buffer). */
    private static final int[] CODE = {
        0x53, //                   push rbx
        0x55, //                   push rbp
        0x41, 0x54, //             push r12 (the stack is aligned to 16 bytes now)
        0x48, 0x89, 0xd3, //       mov rbx, rdx
        0x89, 0xf5, //             mov ebp, esi
        0x49, 0x89, 0xfc, //       mov r12, rdi
        0x0f, 0xae, 0xe8, //       lfence
        0x0f, 0x31, //             rdtsc
        0x89, 0x03, //             mov [rbx + BEFORE], eax
        0x89, 0x53, 0x04, //       mov [rbx + BEFORE + 4], edx
        0x89, 0xef, //             mov edi, ebp
        0x48, 0x8d, 0x73, 0x10, // lea rsi, [rbx + SECONDS]
        0x41, 0xff, 0xd4, //       call r12
        0x0f, 0xae, 0xe8, //       lfence
        0x0f, 0x31, //             rdtsc
        0x89, 0x43, 0x08, //       mov [rbx + AFTER], eax
        0x89, 0x53, 0x0c, //       mov [rbx + AFTER + 4], edx
        0x41, 0x5c, //             pop r12
        0x5d, //                   pop rbp
        0x5b, //                   pop rbx
        0xc3, //                   ret
    };

    private final HostKernel host;
    private final long page;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment buffer = arena.allocate(BUFFER_BYTES, Long.BYTES);
    private final Function measure;
    private final long clockGettime = LibC.addressOf("clock_gettime");
    private boolean closed;

    private JnaCounterMeter(HostKernel host, long page) {
        this.host = host;
        this.page = page;
        this.measure = Function.getFunction(new Pointer(page));
    }

    /**
     * Makes one.
     *
     * @return the meter; the caller owns it
     * @throws dev.plinth.api.host.HostCallException if the host refuses
     */
    public static JnaCounterMeter open(HostKernel host) {
        requireNonNull(host, "host is null");
        long page =
                host.require(
                        "mmap(counter meter)",
                        SYS_MMAP,
                        0,
                        PAGE_BYTES,
                        PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS,
                        -1,
                        0);
        JnaCounterMeter meter = new JnaCounterMeter(host, page);
        boolean complete = false;
        try {
            // SAFETY: a page of this size was mapped above, and nobody else knows of it.
            MemorySegment code = MemorySegment.ofAddress(page).reinterpret(PAGE_BYTES);
            for (int i = 0; i < CODE.length; i++) {
                code.set(JAVA_BYTE, i, (byte) CODE[i]);
            }
            host.require(
                    "mprotect(counter meter)",
                    SYS_MPROTECT,
                    page,
                    PAGE_BYTES,
                    PROT_READ | PROT_EXEC);
            complete = true;
            return meter;
        } finally {
            if (!complete) {
                meter.close();
            }
        }
    }

    @Override
    public boolean isReliable() {
        try {
            return Files.readString(CLOCK_SOURCE).strip().equals("tsc");
        } catch (IOException e) {
            log.debug("the host does not say where it takes the time from: {}", e.toString());
            return false;
        }
    }

    @Override
    public long counter() {
        measure(CLOCK_MONOTONIC);
        return buffer.get(JAVA_LONG, AFTER);
    }

    @Override
    public Reading read() {
        long[] monotonic = best(CLOCK_MONOTONIC);
        long[] realtime = best(CLOCK_REALTIME);
        return new Reading(
                monotonic[0],
                monotonic[1],
                realtime[0],
                realtime[1],
                Math.max(monotonic[2], realtime[2]));
    }

    /** Counter, nanoseconds and spread of the best attempt. */
    private long[] best(int clock) {
        long[] best = {0, 0, Long.MAX_VALUE};
        for (int i = 0; i < ATTEMPTS; i++) {
            measure(clock);
            long before = buffer.get(JAVA_LONG, BEFORE);
            long spread = buffer.get(JAVA_LONG, AFTER) - before;
            if (spread < best[2]) {
                long nanos =
                        buffer.get(JAVA_LONG, SECONDS) * Clock.NANOS_PER_SECOND
                                + buffer.get(JAVA_LONG, NANOS);
                best = new long[] {before + spread / 2, nanos, spread};
            }
        }
        return best;
    }

    /**
     * SAFETY: the code calls clock_gettime with a valid clock and room for a timespec, writes the
     * 32 bytes of the buffer, and keeps the registers that the calling convention wants kept.
     */
    private void measure(int clock) {
        measure.invokeVoid(new Object[] {clockGettime, clock, buffer.address()});
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            arena.close();
            host.require("munmap(counter meter)", SYS_MUNMAP, page, PAGE_BYTES);
        }
    }
}
