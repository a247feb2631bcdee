package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.MAP_ANONYMOUS;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.proto.AddressSpaceState;
import dev.plinth.kernel.state.proto.AreaState;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.MemorySubsystemState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.OwnPagesState;
import dev.plinth.kernel.state.proto.PageRunState;
import dev.plinth.kernel.state.proto.SharedMemoryState;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** Memory that is restored from what nobody has saved. */
@Timeout(120)
final class HostileStateTest {
    private static final int RW = AccessType.PROT_READ | AccessType.PROT_WRITE;
    private static final long PAGE = 4096;
    private static final long BASE = 0x1000_0000L;
    private static final long LIMIT = 64 << 20;

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 8L << 30, 1L << 30);
    private final TestProcess process = TestProcess.create(memory);

    @TempDir private Path temporary;

    private Image image;
    private byte[] state;
    private Parts parts;

    /** What kernel.img has: one process, and memory that it shares. */
    record Parts(KernelState kernel, ObjectState process, ObjectState shared) {
        static Parts parse(byte[] state) throws IOException {
            InputStream in = new ByteArrayInputStream(state);
            return new Parts(
                    KernelState.parseDelimitedFrom(in),
                    ObjectState.parseDelimitedFrom(in),
                    ObjectState.parseDelimitedFrom(in));
        }

        byte[] bytes() {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            try {
                kernel.writeDelimitedTo(out);
                process.writeDelimitedTo(out);
                shared.writeDelimitedTo(out);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return out.toByteArray();
        }

        Parts withSpace(UnaryOperator<AddressSpaceState.Builder> change) {
            AddressSpaceState.Builder space = process.getAddressSpace().toBuilder();
            return new Parts(
                    kernel,
                    process.toBuilder().setAddressSpace(change.apply(space)).build(),
                    shared);
        }

        Parts withArea(int i, UnaryOperator<AreaState.Builder> change) {
            return withSpace(space ->
                    space.setAreas(i, change.apply(space.getAreas(i).toBuilder()).build()));
        }

        Parts withPages(UnaryOperator<OwnPagesState.Builder> change) {
            return withSpace(space ->
                    space.setOwnPages(0, change.apply(space.getOwnPages(0).toBuilder()).build()));
        }

        Parts withShared(UnaryOperator<SharedMemoryState.Builder> change) {
            SharedMemoryState.Builder memory = shared.getSharedMemory().toBuilder();
            return new Parts(
                    kernel,
                    process,
                    shared.toBuilder().setSharedMemory(change.apply(memory)).build());
        }

        Parts withInPlace(long first, long pages) {
            return new Parts(
                    kernel.toBuilder()
                            .setMemory(
                                    MemorySubsystemState.newBuilder()
                                            .addInPlace(
                                                    PageRunState.newBuilder()
                                                            .setFirstPage(first)
                                                            .setPages(pages)))
                            .build(),
                    process,
                    shared);
        }
    }

    @BeforeEach
    void save() throws IOException {
        MemoryManager mm = process.manager();
        mm.mmap(BASE, 16 * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS);
        mm.mprotect(BASE + 8 * PAGE, PAGE, 0);
        mm.mmap(BASE + 64 * PAGE, 16 * PAGE, RW, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED);
        mm.setBrkStart(0x2000_0000L);
        mm.brk(0x2000_0000L + 5000);
        process.store(BASE, 1);
        process.store(BASE + 64 * PAGE, 2);
        Path directory = temporary.resolve("image");
        TestImage.write(directory, memory, List.of(process), Compression.NONE, () -> {});
        image = Image.open(directory);
        try (InputStream in = image.kernelState()) {
            state = in.readAllBytes();
        }
        parts = Parts.parse(state);
    }

    @AfterEach
    void close() {
        image.close();
        process.close();
        memory.close();
    }

    private TestImage.Restored restore(byte[] changed) throws IOException {
        return TestImage.restore(
                image,
                new ByteArrayInputStream(changed),
                1,
                LIMIT,
                newMemory -> new FakeFile(newMemory, 1));
    }

    @Test
    void theStateItselfIsGood() throws IOException {
        try (TestImage.Restored restored = restore(parts.bytes())) {
            assertEquals(1, restored.first().load(BASE));
            assertEquals(2, restored.first().load(BASE + 64 * PAGE));
        }
    }

    static Stream<UnaryOperator<Parts>> lies() {
        long huge = 1L << 62;
        return Stream.of(
                parts -> parts.withArea(0, area -> area.setMaxAccess(0)),
                parts -> parts.withArea(0, area -> area.setAccess(8)),
                parts -> parts.withArea(0, area -> area.setFlags(1 << 20)),
                parts -> parts.withArea(0, area -> area.setFlags(Vma.SHARED)),
                parts -> parts.withArea(0, area -> area.setOffset(PAGE)),
                parts -> parts.withArea(0, area -> area.setMappedRef(99)),
                parts -> parts.withArea(0, area -> area.setMappedRef(1)),
                parts -> parts.withArea(0, area -> area.setMappedRef(2)),
                parts -> parts.withArea(0, area -> area.clearAddresses()),
                parts -> moved(parts, BASE + 1, BASE + PAGE),
                parts -> moved(parts, BASE, BASE),
                parts -> moved(parts, BASE, BASE + 9 * PAGE),
                parts -> moved(parts, 0, PAGE),
                parts -> moved(parts, BASE, huge),
                parts -> moved(parts, -PAGE, BASE),
                parts -> parts.withArea(3, area -> area.setOffset(-PAGE)),
                parts -> parts.withArea(3, area -> area.setOffset(Long.MAX_VALUE - 4095)),
                parts -> parts.withArea(3, area -> area.setFlags(Vma.SHARED | Vma.GROWS_DOWN)),
                parts -> parts.withArea(3, area -> area.setFlags(0)),
                parts -> parts.withPages(pages -> pages.setAddress(BASE + 1)),
                parts -> parts.withPages(pages -> pages.setAddress(BASE - PAGE)),
                parts -> parts.withPages(pages -> pages.setAddress(BASE + 64 * PAGE)),
                parts -> parts.withPages(pages -> pages.setAddress(-PAGE)),
                parts -> parts.withPages(pages -> pages.setRun(run(0, 0))),
                parts -> parts.withPages(pages -> pages.setRun(run(0, huge))),
                parts -> parts.withPages(pages -> pages.setRun(run(0, -1))),
                parts -> parts.withPages(pages -> pages.setRun(run(-1, 1))),
                parts -> parts.withPages(pages -> pages.setRun(run(huge, 1))),
                parts -> parts.withPages(pages -> pages.setRun(run(0, 1 << 20))),
                parts -> parts.withSpace(space -> space.addOwnPages(space.getOwnPages(0))),
                parts -> parts.withSpace(space -> space.setBrk(-1)),
                parts -> parts.withSpace(space -> space.setBrk(1)),
                parts -> parts.withSpace(space -> space.setBrk(huge)),
                parts -> parts.withSpace(space -> space.setFutureFlags(1)),
                parts -> parts.withSpace(space -> space.clearLayout()),
                parts ->
                        parts.withSpace(space -> {
                            space.getProgramBuilder().getArgumentsBuilder().setEnd(huge);
                            return space;
                        }),
                parts ->
                        parts.withSpace(space -> {
                            space.getLayoutBuilder().setStackTop(1);
                            return space;
                        }),
                parts ->
                        parts.withSpace(space -> {
                            space.getLayoutBuilder().setStackJitter(-1);
                            return space;
                        }),
                parts -> parts.withShared(shared -> shared.setSize(0)),
                parts -> parts.withShared(shared -> shared.setSize(-PAGE)),
                parts -> parts.withShared(shared -> shared.setSize(PAGE + 1)),
                parts -> parts.withShared(shared -> shared.addPieces(shared.getPieces(0))),
                parts -> parts.withShared(shared -> shared.setSize(huge)),
                parts ->
                        parts.withShared(shared -> {
                            shared.getPiecesBuilder(0).setNumber(-1);
                            return shared;
                        }),
                parts ->
                        parts.withShared(shared -> {
                            shared.getPiecesBuilder(0).setNumber(5);
                            return shared;
                        }),
                parts ->
                        parts.withShared(shared -> {
                            shared.getPiecesBuilder(0).setFirstPage(-1);
                            return shared;
                        }),
                parts ->
                        parts.withShared(shared -> {
                            shared.getPiecesBuilder(0).setFirstPage(Long.MAX_VALUE);
                            return shared;
                        }),
                parts -> parts.withInPlace(0, 1),
                parts -> parts.withInPlace(-1, 1),
                parts -> parts.withInPlace(0, -1),
                parts -> parts.withInPlace(0, 0),
                parts -> parts.withInPlace(huge, huge),
                parts -> parts.withInPlace(1L << 40, 1),
                parts -> parts.withInPlace((8L << 30) / PAGE - 1, 2));
    }

    private static Parts moved(Parts parts, long start, long end) {
        return parts.withArea(
                0,
                area -> {
                    area.getAddressesBuilder().setStart(start).setEnd(end);
                    return area;
                });
    }

    private static PageRunState run(long first, long pages) {
        return PageRunState.newBuilder().setFirstPage(first).setPages(pages).build();
    }

    @ParameterizedTest
    @MethodSource("lies")
    void eachLieIsRefused(UnaryOperator<Parts> lie) {
        byte[] changed = lie.apply(parts).bytes();
        assertThrows(ImageCorruptException.class, () -> restore(changed).close());
    }

    @Test
    void moreMemoryThanTheLimitIsRefused() {
        byte[] changed = parts.withInPlace(0, (LIMIT >> 12) + 1).bytes();
        SandboxException refused =
                assertThrows(SandboxException.class, () -> restore(changed).close());
        assertEquals(ErrorCode.IMAGE_UNSUITABLE, refused.code());
    }

    @Test
    void addressesThatThePlatformLacksAreRefused() {
        byte[] changed =
                parts.withSpace(
                                space -> {
                                    space.getLayoutBuilder()
                                            .getUserAddressesBuilder()
                                            .setEnd(0x7fff_ffff_f000L + PAGE);
                                    return space;
                                })
                        .bytes();
        SandboxException refused =
                assertThrows(SandboxException.class, () -> restore(changed).close());
        assertEquals(ErrorCode.IMAGE_UNSUITABLE, refused.code());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void flippedBitsAreRefusedOrDoNoHarm(long seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        int refused = 0;
        for (int round = 0; round < 500; round++) {
            byte[] changed = state.clone();
            for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                changed[random.nextInt(changed.length)] ^= (byte) (1 << random.nextInt(8));
            }
            try (TestImage.Restored restored = restore(changed)) {
                touch(restored.first());
            } catch (SandboxException | IOException e) {
                refused++;
            }
        }
        assertTrue(refused > 100, "refused " + refused);
    }

    /** Whatever it has, it is accessed and taken apart without harm. */
    private static void touch(TestProcess restored) {
        for (MappingInfo mapping : restored.manager().mappings()) {
            long start = mapping.range().start();
            for (long at = start;
                    at < mapping.range().end() && at < start + 20 * PAGE;
                    at += PAGE) {
                try {
                    byte value = restored.load(at);
                    restored.store(at, value);
                } catch (TestProcess.Killed e) {
                    assertTrue(e.outcome() != FaultOutcome.RESOLVED);
                }
            }
        }
        try (TestProcess child = restored.fork()) {
            child.manager().brk(0);
        }
    }
}
