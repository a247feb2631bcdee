package dev.plinth.testkit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.memory.AccessType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.parallel.Isolated;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.CountDownLatch;

@Isolated("counts the descriptors, threads and children of the whole process")
@Timeout(60)
class LeakCheckTest {
    private static final long SYS_FTRUNCATE = 77;
    private static final long SYS_MEMFD_CREATE = 319;

    private final ForeignHostKernel host = new ForeignHostKernel();

    @Test
    void descriptorIsFoundUntilItIsClosed() {
        LeakCheck before = LeakCheck.now();
        try (HostFd file = memoryFile()) {
            assertTrue(
                    found(before).startsWith("descriptor " + file.number() + " /memfd:leak"),
                    found(before));
            AssertionError error = assertThrows(AssertionError.class, before::assertNothingNew);
            assertTrue(error.getMessage().contains("/memfd:leak"), error.getMessage());
        }
        before.assertNothingNew();
    }

    @Test
    void mappingIsFoundUntilItIsUnmapped() {
        try (HostFd file = memoryFile()) {
            host.require("ftruncate", SYS_FTRUNCATE, file.number(), 4096);
            LeakCheck before = LeakCheck.now();
            try (HostMemory memory = host.map(file, 0, 4096, AccessType.READ)) {
                String range = Long.toHexString(memory.address());
                assertTrue(found(before).startsWith("mapping " + range), found(before));
            }
            before.assertNothingNew();
        }
    }

    @Test
    void threadIsFoundUntilItEnds() {
        LeakCheck before = LeakCheck.now();
        CountDownLatch over = new CountDownLatch(1);
        Thread.ofPlatform()
                .name("leaking")
                .start(() -> {
                    try {
                        over.await();
                    } catch (InterruptedException e) {
                        throw new AssertionError(e);
                    }
                });
        assertEquals("thread leaking", found(before));
        over.countDown();
        before.assertNothingNew();
    }

    @Test
    void childIsFoundUntilItIsReaped() throws IOException, InterruptedException {
        Process warmUp = new ProcessBuilder("true").start();
        warmUp.waitFor();
        LeakCheck before = LeakCheck.now();
        Process child = new ProcessBuilder("sleep", "60").redirectErrorStream(true).start();
        assertTrue(
                before.newThings().stream()
                        .anyMatch(thing -> thing.startsWith("process " + child.pid())),
                () -> before.newThings().toString());
        child.destroy();
        child.waitFor();
        child.getInputStream().close();
        child.getOutputStream().close();
        child.getErrorStream().close();
        before.assertNothingNew();
    }

    /** The only new thing. */
    private static String found(LeakCheck before) {
        List<String> things = before.newThings();
        assertEquals(1, things.size(), things::toString);
        return things.getFirst();
    }

    private HostFd memoryFile() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment name = arena.allocateFrom("leak");
            return new HostFd(
                    host, (int) host.require("memfd_create", SYS_MEMFD_CREATE, name.address(), 1));
        }
    }
}
