package dev.plinth.kernel.fs.tmpfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class TmpfsOptionsTest {
    private static final long MEMORY = 1L << 30;

    private static TmpfsOptions parse(String text) {
        return TmpfsOptions.parse(text, MEMORY);
    }

    @Test
    void withoutOptionsThereIsRoomForAllOfTheMemory() {
        assertEquals(new TmpfsOptions(MEMORY, 01777, 0, 0), parse(""));
        assertEquals(new TmpfsOptions(MEMORY, 01777, 0, 0), parse("size=0,,huge=never"));
    }

    @Test
    void sizesHaveUnits() {
        assertEquals(4096, parse("size=4096").limitBytes());
        assertEquals(64 << 10, parse("size=64k").limitBytes());
        assertEquals(5 << 20, parse("size=5M").limitBytes());
        assertEquals(MEMORY / 100 * 20, parse("size=20%").limitBytes());
        assertEquals(3 * 4096, parse("nr_blocks=3").limitBytes());
        assertEquals(MEMORY, parse("size=1t").limitBytes());
    }

    @Test
    void theRootHasAnOwnerAndPermissions() {
        assertEquals(
                new TmpfsOptions(MEMORY, 0750, 1000, 2000), parse("mode=0750,uid=1000,gid=2000"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "size",
                "size=",
                "size=x",
                "size=-1",
                "mode=9",
                "uid=",
                "%",
                "="
            })
    void nonsenseIsRefused(String text) {
        ErrnoException refused = assertThrows(ErrnoException.class, () -> parse(text));
        assertEquals(Errno.EINVAL, refused.errno());
    }
}
