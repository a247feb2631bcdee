package dev.plinth.cli.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Image;
import dev.plinth.testkit.LeakCheck;
import dev.plinth.testkit.mock.MockPlatformFactory;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;

/**
 * What cannot be restored here is refused for the reason it is, with what to do about it; the image
 * comes to no harm, and can be restored when that was done.
 */
@Timeout(120)
final class RefusedRestoreIT {
    private static final String INVENTORY = "inventory.json";

    /** XCR0 of AMX, which few processors have and no platform tells of. */
    private static final long UNUSUAL_STATE = 3 << 17;

    @TempDir private Path temporary;

    private final HostOpener opener = new HostOpener();
    private TestPlatforms platforms;
    private LeakCheck before;
    private WitnessRun run;
    private Path image;

    @BeforeEach
    void save() throws IOException {
        platforms = new TestPlatforms();
        before = LeakCheck.now();
        run = new WitnessRun(platforms.plinth(), temporary, Map.of());
        image = temporary.resolve("image");
        save(platforms.get(first()), noStdio());
    }

    @AfterEach
    void end() {
        before.assertNothingNew();
        platforms.close();
    }

    private String first() {
        return platforms.names().getFirst();
    }

    private void save(PlatformFactory platform, Stdio stdio) throws IOException {
        try (Sandbox sandbox = run.start(platform, stdio)) {
            run.report();
            WitnessRun.checkpoint(sandbox, image, false);
        }
    }

    private static Stdio noStdio() {
        return new Stdio.Given(Map.of());
    }

    private SandboxException refused(ErrorCode code, PlatformFactory platform, String... words) {
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> run.restore(image, platform, noStdio()).close());
        assertEquals(code, e.code(), e::toString);
        assertFalse(e.remedy().isEmpty(), e::toString);
        for (String word : words) {
            assertTrue(e.getMessage().contains(word), e::toString);
        }
        return e;
    }

    private void requireRestorable() throws IOException {
        try (Sandbox sandbox = run.restore(image, platforms.get(first()), noStdio())) {
            run.reportAgain(sandbox);
        }
    }

    /** Changes a line of the inventory, which is text for that reason too. */
    private void edit(String from, String to) throws IOException {
        Path inventory = image.resolve(INVENTORY);
        String text = Files.readString(inventory);
        assertTrue(text.contains(from), text);
        Files.writeString(inventory, text.replace(from, to));
    }

    private void refusedWith(String from, String to, ErrorCode code, String... words)
            throws IOException {
        edit(from, to);
        refused(code, platforms.get(first()), words);
        edit(to, from);
        requireRestorable();
    }

    @Test
    void anImageOfANewerFormat() throws IOException {
        refusedWith(
                "\"format_version\": 1",
                "\"format_version\": 2",
                ErrorCode.IMAGE_TOO_NEW,
                "format 2");
    }

    @Test
    void anImageOfAnOlderFormat() throws IOException {
        refusedWith(
                "\"format_version\": 1",
                "\"format_version\": 0",
                ErrorCode.IMAGE_TOO_OLD,
                "format 0");
    }

    @Test
    void anImageOfAnotherArchitecture() throws IOException {
        refusedWith("\"x86_64\"", "\"aarch64\"", ErrorCode.IMAGE_UNSUITABLE, "aarch64");
    }

    @Test
    void anImageThatIsNotThere() {
        image = temporary.resolve("nothing");
        refused(ErrorCode.IMAGE_NOT_FOUND, platforms.get(first()), image.toString());
        image = temporary;
        refused(ErrorCode.IMAGE_NOT_FOUND, platforms.get(first()), image.toString());
    }

    @Test
    void aProcessorThatHasLessThanTheProgramsWereToldOf() throws IOException {
        Path ofThisHost = image;
        CpuFeatures here;
        try (Image opened = Image.open(image)) {
            here = opened.inventory().cpu();
        }
        image = temporary.resolve("image-of-another-host");
        save(
                new MockPlatformFactory()
                        .withInstructions()
                        .withCpu(
                                new CpuFeatures(
                                        here.hwcap(),
                                        here.hwcap2(),
                                        here.xcr0() | UNUSUAL_STATE,
                                        here.vectorStateBytes())),
                noStdio());
        for (String name : platforms.real()) {
            refused(ErrorCode.IMAGE_UNSUITABLE, platforms.get(name), "CPU", name);
        }
        try (Sandbox sandbox = run.restore(image, platforms.getFor("mock", image), noStdio())) {
            run.reportAgain(sandbox);
        }
        image = ofThisHost;
        CpuFeatures less =
                new CpuFeatures(
                        here.hwcap() & ~1, here.hwcap2(), here.xcr0(), here.vectorStateBytes());
        refused(
                ErrorCode.IMAGE_UNSUITABLE,
                new MockPlatformFactory()
                        .withInstructions()
                        .withFeatures(EnumSet.allOf(PlatformFeature.class))
                        .withCpu(less),
                "CPU",
                "mock");
        requireRestorable();
    }

    @Test
    void aPlatformThatLacksAFeature() throws IOException {
        refused(
                ErrorCode.IMAGE_UNSUITABLE,
                new MockPlatformFactory().withInstructions(),
                "NATIVE_CODE",
                "mock");
        requireRestorable();
    }

    @Test
    void aPlatformThatDoesNotReachTheAddresses() throws IOException {
        CpuFeatures here;
        try (Image opened = Image.open(image)) {
            here = opened.inventory().cpu();
        }
        refused(
                ErrorCode.IMAGE_UNSUITABLE,
                new MockPlatformFactory()
                        .withInstructions()
                        .withFeatures(EnumSet.allOf(PlatformFeature.class))
                        .withCpu(here)
                        .withUserAddresses(new AddressRange(0x10000, 0x7000_0000_0000L)),
                "addresses",
                "mock");
        requireRestorable();
    }

    @Test
    void aStandardDescriptorThatIsClosedNow() throws IOException {
        image = temporary.resolve("image-with-stdio");
        List<StdioKind> kinds = List.of(StdioKind.CLOSED, StdioKind.NULL, StdioKind.PIPE);
        try (StandardStreams streams = StandardStreams.open(opener, kinds, temporary)) {
            save(platforms.get(first()), new Stdio.Given(streams.byRole()));
            refused(ErrorCode.IMAGE_ROLE_MISSING, platforms.get(first()), "stdio/1");
            Stdio stdio = new Stdio.Given(streams.byRole());
            try (Sandbox sandbox = run.restore(image, platforms.get(first()), stdio)) {
                run.reportAgain(sandbox);
            }
        }
    }

    @Test
    void aFileThatWasWrittenToSince() throws IOException {
        Path program = run.program();
        byte[] content = Files.readAllBytes(program);
        FileTime written = Files.getLastModifiedTime(program);
        byte[] longer = Arrays.copyOf(content, content.length + 1);
        Files.write(program, longer);
        Files.setLastModifiedTime(program, written);
        refused(ErrorCode.HOST_FILE_CHANGED, platforms.get(first()), "witness");
        requireRestorableAllowingChanges();

        Files.write(program, content);
        Files.setLastModifiedTime(program, written);
        requireRestorable();
    }

    @Test
    void aFileWithAnotherTime() throws IOException {
        FileTime written = Files.getLastModifiedTime(run.program());
        Files.setLastModifiedTime(run.program(), FileTime.fromMillis(0));
        refused(ErrorCode.HOST_FILE_CHANGED, platforms.get(first()), "witness");
        requireRestorableAllowingChanges();
        Files.setLastModifiedTime(run.program(), written);
        requireRestorable();
    }

    @Test
    void anotherFileOfTheSameName() throws IOException {
        FileTime written = Files.getLastModifiedTime(run.program());
        Path old = Files.move(run.program(), temporary.resolve("old"));
        refused(ErrorCode.HOST_FILE_CHANGED, platforms.get(first()), "witness");
        Files.copy(old, run.program());
        Files.setLastModifiedTime(run.program(), written);
        refused(ErrorCode.HOST_FILE_CHANGED, platforms.get(first()), "witness");
        requireRestorableAllowingChanges();
        Files.delete(run.program());
        Files.move(old, run.program());
        requireRestorable();
    }

    @Test
    void aRootThatIsGone() throws IOException {
        Path away = temporary.resolve("away");
        Files.move(run.rootfs(), away);
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> run.restore(image, platforms.get(first()), noStdio()).close());
        assertTrue(e.getMessage().contains(run.rootfs().toString()), e::toString);
        assertFalse(e.remedy().isEmpty());
        Files.move(away, run.rootfs());
        requireRestorable();
    }

    private void requireRestorableAllowingChanges() throws IOException {
        RestoreSpec spec =
                RestoreSpec.of(image)
                        .withStdio(noStdio())
                        .withMount(run.mount())
                        .withChangesAllowed();
        try (Sandbox sandbox = platforms.plinth().restore(spec, platforms.get(first()))) {
            sandbox.start();
            run.reportAgain(sandbox);
        }
    }
}
