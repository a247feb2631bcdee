package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

import org.junit.jupiter.api.Test;

import java.util.Arrays;
import java.util.Random;

class MappedAccessTest {
    private static final int PAGES = 64;

    private final MappedAccess mapped = new MappedAccess();

    @Test
    void nothingIsMappedAtFirst() {
        for (long address : new long[] {Long.MIN_VALUE, -1, 0, 4096, Long.MAX_VALUE}) {
            assertFalse(mapped.isReadable(address));
            assertFalse(mapped.isExecutable(address));
        }
        assertFalse(mapped.isMapped(new AddressRange(0, 4096)));
    }

    @Test
    void noAccessIsAMappingToo() {
        AddressRange range = new AddressRange(4096, 8192);
        mapped.map(range, AccessType.NONE);
        assertTrue(mapped.isMapped(range));
        assertFalse(mapped.isReadable(4096));
    }

    @Test
    void agreesWithAnArrayOfPages() {
        Random random = new Random(1);
        AccessType[] model = new AccessType[PAGES];
        for (int round = 0; round < 20_000; round++) {
            int start = random.nextInt(PAGES);
            int end = start + 1 + random.nextInt(PAGES - start);
            AddressRange range = range(start, end);
            AccessType access = null;
            if (random.nextInt(3) == 0) {
                mapped.unmap(range);
            } else {
                access = AccessType.ofProt(random.nextInt(8));
                mapped.map(range, access);
            }
            Arrays.fill(model, start, end, access);
            assertSame(model);
        }
    }

    private void assertSame(AccessType[] model) {
        boolean all = true;
        for (int page = 0; page < PAGES; page++) {
            AccessType access = model[page];
            long address = page * 4096L + 17;
            assertEquals(access != null && access.canRead(), mapped.isReadable(address));
            assertEquals(access != null && access.canExecute(), mapped.isExecutable(address));
            assertEquals(access != null, mapped.isMapped(range(page, page + 1)));
            all &= access != null;
        }
        assertEquals(all, mapped.isMapped(range(0, PAGES)));
    }

    private static AddressRange range(int start, int end) {
        return new AddressRange(start * 4096L, end * 4096L);
    }
}
