package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** What the build lays out for users. */
final class DistributionIT {
    private static final Path DIST = Path.of(System.getProperty("plinth.dist"));

    @Test
    void libraryDirectoryHasTheCommandAndTheKernel() throws IOException {
        List<String> names = fileNames(DIST.resolve("lib"));
        assertAll(
                () -> assertTrue(names.stream().anyMatch(n -> n.startsWith("plinth-cli-"))),
                () -> assertTrue(names.stream().anyMatch(n -> n.startsWith("plinth-kernel-"))),
                () -> assertTrue(names.stream().anyMatch(n -> n.startsWith("jna-"))));
    }

    @Test
    void platformsAreInNoLibrary() throws IOException {
        List<String> names = fileNames(DIST.resolve("lib"));
        assertFalse(
                names.stream().anyMatch(n -> n.startsWith("plinth-platform-")), names::toString);
    }

    @Test
    void nativeHalfOfJnaIsUnpacked() {
        assertTrue(Files.isRegularFile(DIST.resolve("native/libjnidispatch.so")));
    }

    @Test
    void pluginsDescribeThemselves() throws IOException {
        for (Path plugin : plugins()) {
            try (ZipFile zip = new ZipFile(plugin.toFile())) {
                ZipEntry entry = zip.getEntry("plugin.properties");
                assertNotNull(entry, plugin::toString);
                Properties properties = new Properties();
                try (InputStream in = zip.getInputStream(entry)) {
                    properties.load(in);
                }
                assertAll(
                        plugin.toString(),
                        () -> assertTrue(properties.getProperty("plugin.id").matches("[a-z0-9-]+")),
                        () -> assertTrue(properties.getProperty("plugin.version").matches("\\d.*")),
                        () -> assertEquals("Plinth", properties.getProperty("plugin.provider")));
            }
        }
    }

    /** A second copy in a plugin's class loader would be another type of the same name. */
    @Test
    void pluginsHaveNoCopyOfWhatPlinthHas() throws IOException {
        List<String> plinthHas =
                List.of(
                        "com/sun/jna/",
                        "dev/plinth/api/",
                        "dev/plinth/kernel/",
                        "org/pf4j/",
                        "org/slf4j/");
        for (Path plugin : plugins()) {
            try (ZipFile zip = new ZipFile(plugin.toFile())) {
                for (ZipEntry jar :
                        zip.stream().filter(e -> e.getName().endsWith(".jar")).toList()) {
                    for (String name : namesInside(zip, jar)) {
                        assertFalse(
                                plinthHas.stream().anyMatch(name::startsWith),
                                () -> plugin + ": " + jar + ": " + name);
                    }
                }
            }
        }
    }

    private static List<Path> plugins() throws IOException {
        try (Stream<Path> files = Files.list(DIST.resolve("plugins"))) {
            List<Path> zips = files.filter(f -> f.toString().endsWith(".zip")).toList();
            assertFalse(zips.isEmpty());
            return zips;
        }
    }

    private static List<String> fileNames(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).toList();
        }
    }

    private static List<String> namesInside(ZipFile zip, ZipEntry jar) throws IOException {
        List<String> names = new ArrayList<>();
        try (ZipInputStream in = new ZipInputStream(zip.getInputStream(jar))) {
            for (ZipEntry e = in.getNextEntry(); e != null; e = in.getNextEntry()) {
                names.add(e.getName());
            }
        }
        return names;
    }
}
