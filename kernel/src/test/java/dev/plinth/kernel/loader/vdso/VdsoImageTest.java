package dev.plinth.kernel.loader.vdso;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.loader.linux.Elf;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/** Reads the image as the run-time systems of languages do that have no C library. */
class VdsoImageTest {
    /** What Go's runtime looks for: runtime/vdso_linux_amd64.go. */
    private static final int GO_VERSION_HASH = 0x3ae75f6;

    private static final Map<String, Integer> GO_GNU_HASHES =
            Map.of("__vdso_gettimeofday", 0xb01bca00, "__vdso_clock_gettime", 0x6e43a318);

    private final ByteBuffer image =
            ByteBuffer.wrap(VdsoImage.build()).order(ByteOrder.LITTLE_ENDIAN);
    private final Map<Long, Integer> dynamic = new HashMap<>();

    VdsoImageTest() {
        int header = (int) image.getLong(Elf.E_PHOFF) + Elf.PHDR_BYTES;
        assertEquals(Elf.PT_DYNAMIC, image.getInt(header + Elf.P_TYPE));
        int at = (int) image.getLong(header + Elf.P_OFFSET);
        while (image.getLong(at) != Elf.DT_NULL) {
            dynamic.put(image.getLong(at), (int) image.getLong(at + 8));
            at += 16;
        }
    }

    private String string(int offset) {
        int at = dynamic.get(Elf.DT_STRTAB) + offset;
        int end = at;
        while (image.get(end) != 0) {
            end++;
        }
        return new String(image.array(), at, end - at, StandardCharsets.US_ASCII);
    }

    private String symbolName(int index) {
        return string(image.getInt(dynamic.get(Elf.DT_SYMTAB) + index * 24));
    }

    @Test
    void everyFunctionIsFoundByTheOldHashTable() {
        int table = dynamic.get(Elf.DT_HASH);
        int buckets = image.getInt(table);
        Map<String, Integer> found = new HashMap<>();
        for (int bucket = 0; bucket < buckets; bucket++) {
            int symbol = image.getInt(table + 8 + 4 * bucket);
            while (symbol != 0) {
                found.put(symbolName(symbol), symbol);
                symbol = image.getInt(table + 8 + 4 * buckets + 4 * symbol);
            }
        }
        for (String name :
                new String[] {"clock_gettime", "gettimeofday", "time", "getcpu", "clock_getres"}) {
            assertTrue(found.containsKey("__vdso_" + name), name);
            assertTrue(found.containsKey(name), name);
        }
        assertEquals(image.getInt(table + 4), found.size() + 1);
    }

    @Test
    void theGnuHashesAreThoseThatProgramsWereCompiledWith() {
        int table = dynamic.get(Elf.DT_GNU_HASH);
        assertEquals(1, image.getInt(table), "buckets");
        int first = image.getInt(table + 4);
        long bloom = image.getLong(table + 16);
        int chain = table + 16 + 8 + 4;
        Map<String, Integer> hashes = new HashMap<>();
        for (int i = 0; ; i++) {
            int hash = image.getInt(chain + 4 * i);
            hashes.put(symbolName(first + i), hash & ~1);
            if ((hash & 1) != 0) {
                break;
            }
        }
        GO_GNU_HASHES.forEach((name, hash) -> {
            assertEquals(hash & ~1, hashes.get(name), name);
            assertTrue((bloom >>> (hash & 63) & 1) == 1, name);
            assertTrue((bloom >>> (hash >>> image.getInt(table + 12) & 63) & 1) == 1, name);
        });
    }

    @Test
    void everyFunctionHasTheVersionThatProgramsAskFor() {
        int definitions = dynamic.get(Elf.DT_VERDEF);
        int second = definitions + image.getInt(definitions + 16);
        assertEquals(2, image.getShort(second + 4));
        assertEquals(GO_VERSION_HASH, image.getInt(second + 8));
        assertEquals("LINUX_2.6", string(image.getInt(second + image.getInt(second + 12))));
        int symbols = image.getInt(dynamic.get(Elf.DT_HASH) + 4);
        for (int i = 1; i < symbols; i++) {
            assertEquals(2, image.getShort(dynamic.get(Elf.DT_VERSYM) + 2 * i), symbolName(i));
        }
    }

    @Test
    void theNameIsTheOneThatDebuggersKnow() {
        assertEquals("linux-vdso.so.1", string(dynamic.get(Elf.DT_SONAME)));
    }
}
