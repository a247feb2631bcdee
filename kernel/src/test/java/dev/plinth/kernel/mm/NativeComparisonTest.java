package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED_NOREPLACE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_GROWSDOWN;
import static dev.plinth.kernel.mm.linux.Mman.MAP_NORESERVE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED_VALIDATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SYNC;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_DONTUNMAP;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MREMAP_MAYMOVE;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.common.base.Splitter;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/**
 * Makes the same calls on the host, in this JVM's own address space, and on a memory manager: both
 * must answer alike and end with the same mappings.
 *
 * <p>All happens in addresses that neither the JVM nor the host's kernel chooses for anything else.
 */
@Timeout(120)
final class NativeComparisonTest {
    private static final long PAGE = 4096;
    private static final int REGION_PAGES = 48;
    private static final AddressRange REGION =
            AddressRange.ofLength(0x2000_0000_0000L, REGION_PAGES * PAGE);
    private static final int FILE_PAGES = 16;
    private static final Splitter FIELDS = Splitter.on(' ').omitEmptyStrings();
    private static final Splitter ENDS = Splitter.on('-');

    private static final long SYS_OPEN = 2;
    private static final long SYS_MMAP = 9;
    private static final long SYS_MPROTECT = 10;
    private static final long SYS_MUNMAP = 11;
    private static final long SYS_MREMAP = 25;
    private static final long SYS_MSYNC = 26;
    private static final long SYS_MADVISE = 28;
    private static final long SYS_FTRUNCATE = 77;
    private static final long SYS_MEMFD_CREATE = 319;

    private final JnaHostKernel host = new JnaHostKernel();
    private final MemoryFile memory = MemoryFile.create(host, 1L << 30, 1L << 30);
    private final TestProcess process = TestProcess.create(memory);
    private final MemoryManager mm = process.manager();
    private final FakeFile file = new FakeFile(memory, FILE_PAGES * PAGE);
    private final FakeFile readOnlyFile = new FakeFile(memory, FILE_PAGES * PAGE);
    private final HostFd hostFile = hostFile();
    private final HostFd hostReadOnlyFile = reopenReadOnly();

    NativeComparisonTest() {
        readOnlyFile.writable = false;
    }

    @AfterEach
    void closeWithNothingLeft() {
        host.syscall(SYS_MUNMAP, REGION.start(), REGION.length());
        hostFile.close();
        hostReadOnlyFile.close();
        process.close();
        assertEquals(0, file.references());
        assertEquals(0, readOnlyFile.references());
        file.close();
        readOnlyFile.close();
        assertEquals(0, memory.statistics().allocatedBytes());
        memory.close();
    }

    @Test
    void badArgumentsFailAlike() {
        int anonymous = MAP_PRIVATE | MAP_ANONYMOUS;
        long start = REGION.start();
        mmapAlike(start, 0, 3, anonymous | MAP_FIXED);
        mmapAlike(start + 1, PAGE, 3, anonymous | MAP_FIXED);
        mmapAlike(start, -1, 3, anonymous | MAP_FIXED);
        mmapAlike(start, -PAGE, 3, anonymous | MAP_FIXED);
        mmapAlike(start, 1L << 47, 3, anonymous | MAP_FIXED);
        mmapAlike(0x7fff_ffff_f000L, PAGE, 3, anonymous | MAP_FIXED);
        mmapAlike(-PAGE, PAGE, 3, anonymous | MAP_FIXED);
        mmapAlike(start, PAGE, 3, MAP_ANONYMOUS | MAP_FIXED);
        mmapAlike(start, PAGE, 3, MAP_ANONYMOUS | MAP_SHARED_VALIDATE | MAP_FIXED);
        mmapAlike(start, PAGE, 3, MAP_ANONYMOUS | MAP_SHARED | MAP_GROWSDOWN | MAP_FIXED);
        mmapAlike(start, PAGE, 3, anonymous | MAP_FIXED);
        mmapAlike(start, PAGE, 3, anonymous | MAP_FIXED_NOREPLACE);
        mmapFileAlike(start, PAGE, 3, MAP_FIXED, 0, false);
        mmapFileAlike(start, PAGE, 3, MAP_SHARED | MAP_FIXED, 0, true);
        mmapFileAlike(start, PAGE, 3, MAP_SHARED_VALIDATE | MAP_FIXED | MAP_SYNC, 0, false);
        mmapFileAlike(start, PAGE, 3, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, 0, false);
        mmapFileAlike(start + PAGE, PAGE, 3, MAP_SHARED_VALIDATE | MAP_FIXED_NOREPLACE, 0, false);
        mmapFileAlike(start, PAGE, 3, MAP_PRIVATE | MAP_FIXED, 0x7fff_ffff_ffff_f000L, false);
        mmapFileAlike(start, PAGE, 3, MAP_PRIVATE | MAP_GROWSDOWN | MAP_FIXED, 0, false);
        for (long address : new long[] {start, start + 1, start - PAGE, -PAGE, 0}) {
            for (long length : new long[] {0, 1, PAGE, -1, -PAGE, Long.MAX_VALUE, 1L << 47}) {
                alike(
                        "munmap 0x%x 0x%x".formatted(address, length),
                        () ->
                                address == 0
                                        ? -Errno.EINVAL.number()
                                        : host.syscall(SYS_MUNMAP, address, length),
                        () -> {
                            if (address == 0) {
                                throw ErrnoException.of(Errno.EINVAL);
                            }
                            mm.munmap(address, length);
                            return 0;
                        });
                for (int prot : new int[] {1, 0x10, 0x100_0001, 0x200_0001, 0x300_0001}) {
                    // Mappings of the JVM further up would have a say in the others.
                    if (prot < 0x100_0000 || Long.compareUnsigned(length, PAGE) <= 0) {
                        mprotectAlike(address, length, prot);
                    }
                }
                if (address != 0 && length < 2 * PAGE) {
                    for (int advice : new int[] {0, 3, 5, 8, 10, 16, 18, 21, 99}) {
                        madviseAlike(address, length, advice);
                    }
                }
                for (int flags : new int[] {0, 1, 4, 5, 8}) {
                    alike(
                            "msync 0x%x 0x%x %d".formatted(address, length, flags),
                            () -> host.syscall(SYS_MSYNC, address, length, flags),
                            () -> {
                                mm.msync(address, length, flags);
                                return 0;
                            });
                }
                for (int flags : new int[] {0, 1, 2, 3, 4, 5, 7, 8}) {
                    mremapAlike(address, length, PAGE, flags, start + 8 * PAGE);
                    mremapAlike(address, PAGE, length, flags & ~1, start + 8 * PAGE);
                    mremapAlike(address, PAGE, PAGE, flags, address);
                }
            }
            mmapAlike(start, PAGE, 3, anonymous | MAP_FIXED);
        }
        compareMaps();
    }

    @Test
    void randomCallsAreAnsweredAlike() {
        for (int seed = 0; seed < 12; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            for (int step = 0; step < 800; step++) {
                randomCall(random);
                if (step % 16 == 0) {
                    compareMaps();
                }
            }
            compareMaps();
        }
    }

    private void randomCall(SplittableRandom random) {
        long address = REGION.start() + random.nextInt(REGION_PAGES) * PAGE;
        long pages = 1L + random.nextInt(random.nextInt(12) + 1);
        long length = Math.min(pages * PAGE, REGION.end() - address) - random.nextInt(3);
        int prot = random.nextInt(8);
        switch (random.nextInt(12)) {
            case 0, 1 -> {
                int fixed = random.nextInt(3) == 0 ? MAP_FIXED_NOREPLACE : MAP_FIXED;
                int type = random.nextInt(3) == 0 ? MAP_SHARED : MAP_PRIVATE;
                int reserve = random.nextInt(8) == 0 ? MAP_NORESERVE : 0;
                mmapAlike(address, length, prot, type | MAP_ANONYMOUS | fixed | reserve);
            }
            case 2, 3 -> {
                int type = random.nextBoolean() ? MAP_SHARED : MAP_PRIVATE;
                long offset = random.nextInt(FILE_PAGES) * PAGE;
                boolean readOnly = random.nextInt(3) == 0;
                mmapFileAlike(address, length, prot, type | MAP_FIXED, offset, readOnly);
            }
            case 4, 5 ->
                    alike(
                            "munmap 0x%x 0x%x".formatted(address, length),
                            () -> host.syscall(SYS_MUNMAP, address, length),
                            () -> {
                                mm.munmap(address, length);
                                return 0;
                            });
            case 6, 7, 8 -> mprotectAlike(address, length, prot);
            case 9 -> {
                int[] advice = {0, 3, 4, 8, 10, 11, 16, 17, 18, 19};
                madviseAlike(address, length, advice[random.nextInt(advice.length)]);
            }
            default -> {
                long newAddress = REGION.start() + random.nextInt(REGION_PAGES) * PAGE;
                long newLength =
                        Math.min(
                                (1 + random.nextInt(6)) * PAGE,
                                REGION.end() - Math.max(newAddress, address));
                int[] flags = {
                    0, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_MAYMOVE | MREMAP_FIXED, MREMAP_FIXED
                };
                int chosen = flags[random.nextInt(flags.length)];
                if (random.nextInt(6) == 0) {
                    chosen |= MREMAP_DONTUNMAP;
                }
                long oldLength = random.nextInt(10) == 0 ? 0 : length;
                if (isWithinOneMapping(address, length)) {
                    mremapAlike(address, oldLength, newLength, chosen, newAddress);
                }
            }
        }
    }

    /** Linux before 6.17 does not move several mappings by one call. */
    private static boolean isWithinOneMapping(long address, long length) {
        return nativeLines().stream()
                .noneMatch(line ->
                        line.range().start() > address && line.range().start() < address + length);
    }

    private void mmapAlike(long address, long length, int prot, int flags) {
        alike(
                "mmap 0x%x 0x%x %d 0x%x".formatted(address, length, prot, flags),
                () -> host.syscall(SYS_MMAP, address, length, prot, flags, -1, 0),
                () -> mm.mmap(address, length, prot, flags));
    }

    private void mmapFileAlike(
            long address, long length, int prot, int flags, long offset, boolean readOnly) {
        HostFd hostFd = readOnly ? hostReadOnlyFile : hostFile;
        FakeFile mapped = readOnly ? readOnlyFile : file;
        alike(
                "mmap file 0x%x 0x%x %d 0x%x 0x%x %s"
                        .formatted(address, length, prot, flags, offset, readOnly),
                () -> host.syscall(SYS_MMAP, address, length, prot, flags, hostFd.number(), offset),
                () -> mm.mmap(address, length, prot, flags, mapped, offset));
    }

    private void mprotectAlike(long address, long length, int prot) {
        alike(
                "mprotect 0x%x 0x%x 0x%x".formatted(address, length, prot),
                () -> host.syscall(SYS_MPROTECT, address, length, prot),
                () -> {
                    mm.mprotect(address, length, prot);
                    return 0;
                });
    }

    private void madviseAlike(long address, long length, int advice) {
        alike(
                "madvise 0x%x 0x%x %d".formatted(address, length, advice),
                () -> host.syscall(SYS_MADVISE, address, length, advice),
                () -> {
                    mm.madvise(address, length, advice);
                    return 0;
                });
    }

    private void mremapAlike(
            long address, long oldLength, long newLength, int flags, long newAddress) {
        alike(
                "mremap 0x%x 0x%x 0x%x %d 0x%x"
                        .formatted(address, oldLength, newLength, flags, newAddress),
                () -> host.syscall(SYS_MREMAP, address, oldLength, newLength, flags, newAddress, 0),
                () -> mm.mremap(address, oldLength, newLength, flags, newAddress));
    }

    private static void alike(String call, LongSupplier natively, LongSupplier here) {
        long expected = natively.getAsLong();
        long result;
        try {
            result = here.getAsLong();
        } catch (ErrnoException e) {
            result = -e.errno().number();
        }
        if (expected != result) {
            throw new AssertionError(
                    call + ": Linux says " + name(expected) + ", not " + name(result));
        }
    }

    private static String name(long result) {
        return Errno.isError(result) ? Errno.nameOf(result) : "0x" + Long.toHexString(result);
    }

    private void compareMaps() {
        List<Line> here = new ArrayList<>();
        for (MappingInfo info : mm.mappings()) {
            if (REGION.overlaps(info.range())) {
                boolean file = info.inode() != 0 || info.shared();
                add(
                        here,
                        new Line(
                                info.range(),
                                info.access().symbols() + (info.shared() ? "s" : "p"),
                                file ? info.offset() : -1));
            }
        }
        assertEquals(nativeMaps(), here);
    }

    /** A mapping; the offset is -1 for private anonymous memory. */
    private record Line(AddressRange range, String access, long offset) {}

    /** Linux does not always merge what could be merged, so neighbours of one kind count as one. */
    private static void add(List<Line> lines, Line line) {
        if (!lines.isEmpty()) {
            Line last = lines.getLast();
            boolean goesOn =
                    last.range().end() == line.range().start()
                            && last.access().equals(line.access())
                            && (line.offset() < 0
                                    ? last.offset() < 0
                                    : last.offset() >= 0
                                            && last.offset() + last.range().length()
                                                    == line.offset());
            if (goesOn) {
                lines.removeLast();
                lines.add(
                        new Line(
                                new AddressRange(last.range().start(), line.range().end()),
                                last.access(),
                                last.offset()));
                return;
            }
        }
        lines.add(line);
    }

    private static List<Line> nativeMaps() {
        List<Line> merged = new ArrayList<>();
        nativeLines().forEach(line -> add(merged, line));
        return merged;
    }

    private static List<Line> nativeLines() {
        List<Line> lines = new ArrayList<>();
        try {
            for (String text : Files.readAllLines(Path.of("/proc/self/maps"))) {
                List<String> fields = FIELDS.splitToList(text);
                List<String> ends = ENDS.splitToList(fields.get(0));
                if (ends.get(0).length() > 15) {
                    continue;
                }
                AddressRange range =
                        new AddressRange(
                                Long.parseLong(ends.get(0), 16), Long.parseLong(ends.get(1), 16));
                if (REGION.overlaps(range)) {
                    boolean file = !fields.get(4).equals("0");
                    lines.add(
                            new Line(
                                    range,
                                    fields.get(1),
                                    file ? Long.parseLong(fields.get(2), 16) : -1));
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        return lines;
    }

    private HostFd hostFile() {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom("comparison").address();
            HostFd fd =
                    new HostFd(host, (int) host.require("memfd_create", SYS_MEMFD_CREATE, name, 1));
            host.require("ftruncate", SYS_FTRUNCATE, fd.number(), FILE_PAGES * PAGE);
            return fd;
        }
    }

    private HostFd reopenReadOnly() {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom("/proc/self/fd/" + hostFile.number()).address();
            return new HostFd(host, (int) host.require("open", SYS_OPEN, path, 0));
        }
    }
}
