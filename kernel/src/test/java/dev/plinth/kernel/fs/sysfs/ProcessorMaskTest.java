package dev.plinth.kernel.fs.sysfs;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

final class ProcessorMaskTest {
    @Test
    void aListNamesTheFirstAndTheLast() {
        assertEquals("0", ProcessorMask.list(1));
        assertEquals("0-63", ProcessorMask.list(64));
    }

    @Test
    void aMaskHasADigitForFourProcessors() {
        assertEquals("1", ProcessorMask.of(1, 0, 1));
        assertEquals("2", ProcessorMask.of(2, 1, 2));
        assertEquals("f", ProcessorMask.of(4, 0, 4));
        assertEquals("1f", ProcessorMask.of(5, 0, 5));
        assertEquals("ffffffff", ProcessorMask.of(32, 0, 32));
    }

    @Test
    void wordsAreSeparated() {
        assertEquals("1,00000000", ProcessorMask.of(33, 32, 33));
        assertEquals("ff,ffffffff,ffffffff", ProcessorMask.of(72, 0, 72));
    }
}
