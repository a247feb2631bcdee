package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.kernel.boot.SandboxSpec.HostMount;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.util.List;

final class MountOptionTest {
    @Test
    void aMountIsReadOnlyUnlessToldOtherwise() {
        HostMount readOnly = new HostMount(Path.of("/a"), "/b", false);
        assertEquals(readOnly, MountOption.parse("/a:/b"));
        assertEquals(readOnly, MountOption.parse("/a:/b:ro"));
        assertEquals(new HostMount(Path.of("/a"), "/b", true), MountOption.parse("/a:/b:rw"));
    }

    @Test
    void aRelativeSourceIsTheCallers() {
        assertEquals(Path.of("x").toAbsolutePath(), MountOption.parse("x:/b").source());
    }

    @Test
    void whatIsNoMountIsRefused() {
        for (String value :
                List.of("", "/a", ":/b", "/a:", "/a:b", "/a:/b:", "/a:/b:wr", "/a:/b:rw:x")) {
            assertThrows(UsageException.class, () -> MountOption.parse(value), value);
        }
    }
}
