package dev.plinth.api.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

final class AddressRangeTest {
    @Test
    void isHalfOpen() {
        AddressRange range = new AddressRange(0x1000, 0x2000);
        assertTrue(range.contains(0x1000));
        assertTrue(range.contains(0x1fff));
        assertFalse(range.contains(0x2000));
        assertEquals(0x1000, range.length());
    }

    @Test
    void refusesWhatWrapsAround() {
        assertThrows(IllegalArgumentException.class, () -> new AddressRange(2, 1));
        assertThrows(IllegalArgumentException.class, () -> new AddressRange(-1, 1));
        assertThrows(
                IllegalArgumentException.class, () -> AddressRange.ofLength(Long.MAX_VALUE, 1));
        assertThrows(IllegalArgumentException.class, () -> AddressRange.ofLength(0, -1));
    }

    @Test
    void rangesThatTouchDoNotOverlap() {
        AddressRange low = new AddressRange(0, 10);
        AddressRange high = new AddressRange(10, 20);
        assertFalse(low.overlaps(high));
        assertTrue(low.intersect(high).isEmpty());
        assertTrue(low.overlaps(new AddressRange(9, 11)));
        assertEquals(new AddressRange(9, 10), low.intersect(new AddressRange(9, 11)));
    }

    @Test
    void readsAsInProcMaps() {
        assertEquals("400000-401000", AddressRange.ofLength(0x400000, 0x1000).toString());
    }

    @Test
    void pagesRoundUpAndDown() {
        assertEquals(0x1000, Pages.floor(0x1fff));
        assertEquals(0x2000, Pages.ceil(0x1001));
        assertEquals(0x1000, Pages.ceil(0x1000));
        assertThrows(ArithmeticException.class, () -> Pages.ceil(Long.MAX_VALUE));
    }

    @Test
    void accessTypesAreSetsInTheOrderOfProtBits() {
        for (int prot = 0; prot < 8; prot++) {
            assertEquals(prot, AccessType.ofProt(prot).prot());
        }
        assertEquals(AccessType.READ_WRITE, AccessType.READ.union(AccessType.WRITE));
        assertEquals(AccessType.READ, AccessType.READ_EXECUTE.intersect(AccessType.READ_WRITE));
        assertTrue(AccessType.READ_WRITE.covers(AccessType.WRITE));
        assertFalse(AccessType.READ.covers(AccessType.WRITE));
        assertEquals("r-x", AccessType.READ_EXECUTE.symbols());
        assertThrows(IllegalArgumentException.class, () -> AccessType.ofProt(8));
    }
}
