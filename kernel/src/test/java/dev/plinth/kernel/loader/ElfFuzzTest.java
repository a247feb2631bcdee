package dev.plinth.kernel.loader;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.mm.MappingInfo;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/** Headers in which anything may stand: loaded within bounds, or refused; never more. */
@Timeout(120)
final class ElfFuzzTest {
    private static final int FILES = 10_000;
    private static final int HEADER_BYTES = 64 + TestElf.PH_COUNT * 56;

    private static final Set<Errno> REFUSALS =
            Set.of(
                    Errno.ENOEXEC,
                    Errno.EINVAL,
                    Errno.ENOMEM,
                    Errno.EFAULT,
                    Errno.EPERM,
                    Errno.EEXIST,
                    Errno.EOVERFLOW,
                    Errno.EIO,
                    Errno.ENOENT,
                    Errno.EACCES,
                    Errno.ELIBBAD);

    /** Numbers on the edges of what is sensible. */
    private static final long[] EDGES = {
        0,
        1,
        -1,
        0xfff,
        0x1000,
        0x2fff,
        0x3000,
        0x40_0000,
        Integer.MAX_VALUE,
        1L << 32,
        0x7fff_ffff_e000L,
        0x7fff_ffff_f000L,
        1L << 47,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        -0x1000
    };

    @Test
    void mutatedHeadersAreLoadedWithinBoundsOrRefused() {
        SplittableRandom random = new SplittableRandom(20);
        Map<Errno, Integer> refused = new EnumMap<>(Errno.class);
        int loaded = 0;
        try (TestLoading loading = new TestLoading()) {
            for (int i = 0; i < FILES; i++) {
                byte[] bytes = mutate(random);
                try (TestLoading.Attempt attempt = loading.attempt(bytes)) {
                    attempt.load();
                    loaded++;
                    assertWithinBounds(attempt.manager().mappings());
                } catch (ErrnoException e) {
                    assertTrue(REFUSALS.contains(e.errno()), e.errno().name());
                    refused.merge(e.errno(), 1, Integer::sum);
                }
            }
        }
        // Both happen, and often, or the mutations are too wild or too tame.
        assertTrue(loaded > FILES / 20, "loaded " + loaded + ", refused " + refused);
        assertTrue(loaded < FILES * 19 / 20, "loaded " + loaded + ", refused " + refused);
    }

    private static void assertWithinBounds(List<MappingInfo> mappings) {
        for (MappingInfo each : mappings) {
            assertTrue(TestLoading.USER_ADDRESSES.contains(each.range()), each.toString());
        }
    }

    private static byte[] mutate(SplittableRandom random) {
        TestElf elf = random.nextBoolean() ? TestElf.executable() : TestElf.positionIndependent();
        if (random.nextInt(4) == 0) {
            elf.interpreter("/nonexistent");
        }
        int changes = 1 + random.nextInt(4);
        for (int i = 0; i < changes; i++) {
            // The magic number is left alone, or too little of the rest would be reached.
            int offset = 4 + random.nextInt(HEADER_BYTES - 12);
            switch (random.nextInt(4)) {
                case 0 -> elf.put(offset, random.nextInt(256));
                case 1 -> elf.put(offset, 0xff);
                case 2 -> elf.word(offset & -8, EDGES[random.nextInt(EDGES.length)]);
                default -> elf.word(offset & -8, random.nextLong() >>> random.nextInt(64));
            }
        }
        byte[] bytes = elf.bytes();
        return random.nextInt(10) == 0 ? elf.truncated(random.nextInt(bytes.length)) : bytes;
    }
}
