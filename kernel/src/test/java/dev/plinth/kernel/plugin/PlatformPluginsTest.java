package dev.plinth.kernel.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

final class PlatformPluginsTest {
    @TempDir private Path directory;

    @Test
    void loadsAPluginFromAZip() throws IOException {
        writeZip("testing.zip", plugin("testing", TestingFactory.class));
        try (LoadedPlatform loaded = plugins().load("testing")) {
            assertEquals("testing", loaded.factory().name());
            assertEquals(directory.resolve("testing.zip"), loaded.file());
            assertNotSame(TestingFactory.class, loaded.factory().getClass());
        }
    }

    @Test
    void loadsAnExplodedPlugin() throws IOException {
        explode("testing", plugin("testing", TestingFactory.class));
        try (LoadedPlatform loaded = plugins().load("testing")) {
            assertEquals("testing", loaded.factory().name());
        }
    }

    @Test
    void loadsAPluginFromAJar() throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        plugin("testing", TestingFactory.class)
                .forEach((name, bytes) -> files.put(name.replaceFirst("^classes/", ""), bytes));
        writeZip("testing.jar", files);
        try (LoadedPlatform loaded = plugins().load("testing")) {
            assertEquals("testing", loaded.factory().name());
        }
    }

    @Test
    void aReplacedZipIsLoadedAnew() throws IOException {
        writeZip("testing.zip", plugin("testing", TestingFactory.class));
        plugins().load("testing").close();
        writeZip("testing.zip", plugin("testing", ThrowingFactory.class));
        assertEquals(ErrorCode.PLUGIN_BROKEN, failure("testing").code());
    }

    @Test
    void namesAreSortedAndHiddenFilesLeftOut() throws IOException {
        writeZip("b.zip", plugin("one", TestingFactory.class));
        explode("a", plugin("two", TestingFactory.class));
        Files.createDirectory(directory.resolve(".hidden"));
        assertEquals(List.of("one", "two"), plugins().names());
    }

    @Test
    void anUnknownNameIsToldWhatThereIs() throws IOException {
        writeZip("b.zip", plugin("one", TestingFactory.class));
        SandboxException e = failure("three");
        assertEquals(ErrorCode.PLATFORM_UNKNOWN, e.code());
        assertEquals("no plugin provides a platform named 'three'", e.getMessage());
        assertEquals("choose one of: one", e.remedy());
    }

    @Test
    void twoPluginsOfOneNameAreBothNamed() throws IOException {
        writeZip("first.zip", plugin("testing", TestingFactory.class));
        explode("second", plugin("testing", TestingFactory.class));
        SandboxException e = failure("testing");
        assertEquals(ErrorCode.PLATFORM_AMBIGUOUS, e.code());
        assertTrue(e.getMessage().contains("first.zip and "), e.getMessage());
        assertTrue(e.getMessage().endsWith("second"), e.getMessage());
    }

    @Test
    void aDirectoryThatDoesNotExistIsNamed() {
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> new PlatformPlugins(directory.resolve("none")).load("testing"));
        assertEquals(ErrorCode.PLUGIN_DIRECTORY_UNUSABLE, e.code());
        assertTrue(e.getMessage().endsWith("none does not exist"), e.getMessage());
    }

    @Test
    void aTruncatedZipIsABrokenPlugin() throws IOException {
        byte[] whole = zip(plugin("testing", TestingFactory.class));
        Files.write(directory.resolve("testing.zip"), Arrays.copyOf(whole, 200));
        assertBroken("testing", "is not a readable zip file");
    }

    @Test
    void aZipWithoutADescriptorIsABrokenPlugin() throws IOException {
        writeZip("testing.zip", Map.of("readme.txt", new byte[0]));
        assertBroken("testing", "has no plugin.properties");
    }

    @Test
    void aDescriptorWithoutAnIdIsABrokenPlugin() throws IOException {
        writeZip(
                "testing.zip",
                Map.of("plugin.properties", "plugin.version=1".getBytes(StandardCharsets.UTF_8)));
        assertBroken("testing", "plugin.properties has no plugin.id");
    }

    @Test
    void aPluginWithoutAnExtensionIsABrokenPlugin() throws IOException {
        Map<String, byte[]> files = plugin("testing", TestingFactory.class);
        files.remove("classes/META-INF/extensions.idx");
        writeZip("testing.zip", files);
        assertBroken("testing", "extensions.idx names 0 extensions instead of one");
    }

    @Test
    void anExtensionWhoseClassIsMissingIsABrokenPlugin() throws IOException {
        Map<String, byte[]> files = plugin("testing", TestingFactory.class);
        files.put(
                "classes/META-INF/extensions.idx",
                "no.such.Factory\n".getBytes(StandardCharsets.UTF_8));
        writeZip("testing.zip", files);
        assertBroken("testing", "ClassNotFoundException: no.such.Factory");
    }

    @Test
    void aClassFileThatIsNoneIsABrokenPlugin() throws IOException {
        Map<String, byte[]> files = plugin("testing", TestingFactory.class);
        files.replaceAll((name, bytes) -> name.endsWith(".class") ? new byte[100] : bytes);
        writeZip("testing.zip", files);
        assertBroken("testing", "ClassFormatError");
    }

    @Test
    void aFactoryThatThrowsIsABrokenPlugin() throws IOException {
        writeZip("testing.zip", plugin("testing", ThrowingFactory.class));
        assertBroken("testing", "fails: java.lang.IllegalStateException: no luck");
    }

    @Test
    void aFactoryOfAnotherNameIsABrokenPlugin() throws IOException {
        writeZip("other.zip", plugin("other", TestingFactory.class));
        assertBroken("other", "plugin.id is 'other', but the platform calls itself 'testing'");
    }

    @Test
    void nothingButTheUnpackedPluginIsLeftBehind() throws IOException {
        writeZip("testing.zip", plugin("testing", TestingFactory.class));
        plugins().load("testing").close();
        plugins().load("testing").close();
        try (var unpacked = Files.list(directory.resolve(".unpacked"))) {
            assertEquals(1, unpacked.count());
        }
    }

    private void assertBroken(String name, String problem) {
        SandboxException e = failure(name);
        assertEquals(ErrorCode.PLUGIN_BROKEN, e.code(), e.getMessage());
        assertTrue(e.getMessage().contains(name + ".zip"), e.getMessage());
        assertTrue(e.getMessage().contains(problem), e.getMessage());
    }

    private SandboxException failure(String name) {
        return assertThrows(SandboxException.class, () -> plugins().load(name).close());
    }

    private PlatformPlugins plugins() {
        return new PlatformPlugins(directory);
    }

    private static Map<String, byte[]> plugin(String id, Class<?> factory) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        String descriptor = "plugin.id=%s%nplugin.version=1.0.0%n".formatted(id);
        files.put("plugin.properties", descriptor.getBytes(StandardCharsets.UTF_8));
        files.put(
                "classes/META-INF/extensions.idx",
                (factory.getName() + "\n").getBytes(StandardCharsets.UTF_8));
        String path = factory.getName().replace('.', '/') + ".class";
        try (InputStream in = factory.getClassLoader().getResourceAsStream(path)) {
            files.put("classes/" + path, in.readAllBytes());
        }
        return files;
    }

    private void writeZip(String name, Map<String, byte[]> files) throws IOException {
        Path temporary = directory.resolve("." + name);
        Files.write(temporary, zip(files));
        Files.move(temporary, directory.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private static byte[] zip(Map<String, byte[]> files) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            for (Map.Entry<String, byte[]> file : files.entrySet()) {
                zip.putNextEntry(new ZipEntry(file.getKey()));
                zip.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    private void explode(String name, Map<String, byte[]> files) throws IOException {
        for (Map.Entry<String, byte[]> file : files.entrySet()) {
            Path path = directory.resolve(name).resolve(file.getKey());
            Files.createDirectories(path.getParent());
            Files.write(path, file.getValue());
        }
    }
}
