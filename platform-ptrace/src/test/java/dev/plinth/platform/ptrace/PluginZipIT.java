package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;

/** The plugin as it is shipped: {@code plinth.plugin.zip} is set by the build. */
class PluginZipIT {
    @Test
    void holdsThePlatformAndNothingThatPlinthHas() throws IOException {
        List<String> jars = new ArrayList<>();
        List<String> classes = new ArrayList<>();
        try (ZipFile zip = open()) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().endsWith(".jar")) {
                    jars.add(entry.getName());
                    classes.addAll(namesIn(zip.getInputStream(entry).readAllBytes()));
                }
            }
        }
        assertEquals(1, jars.size(), jars::toString);
        classes.removeIf(name -> !name.endsWith(".class"));
        assertTrue(
                classes.contains("dev/plinth/platform/ptrace/PtracePlatformFactory.class"),
                classes::toString);
        classes.removeIf(name -> name.startsWith("dev/plinth/platform/ptrace/"));
        assertEquals(List.of(), classes);
    }

    @Test
    void saysWhatItIs() throws IOException {
        try (ZipFile zip = open()) {
            Properties properties = new Properties();
            properties.load(zip.getInputStream(zip.getEntry("plugin.properties")));
            assertEquals("ptrace", properties.getProperty("plugin.id"));
            String version = properties.getProperty("plugin.version");
            assertTrue(version.matches("\\d+\\.\\d+\\.\\d+.*"), version);
        }
    }

    @Test
    void listsItsExtension() throws IOException {
        try (ZipFile zip = open()) {
            for (ZipEntry entry : zip.stream().toList()) {
                if (entry.getName().endsWith(".jar")) {
                    String index =
                            contentOf(
                                    zip.getInputStream(entry).readAllBytes(),
                                    "META-INF/extensions.idx");
                    assertTrue(index.contains(PtracePlatformFactory.class.getName()), index);
                }
            }
        }
    }

    private static ZipFile open() throws IOException {
        return new ZipFile(System.getProperty("plinth.plugin.zip"));
    }

    private static List<String> namesIn(byte[] jar) throws IOException {
        List<String> names = new ArrayList<>();
        try (ZipInputStream entries = new ZipInputStream(new ByteArrayInputStream(jar))) {
            for (ZipEntry e = entries.getNextEntry(); e != null; e = entries.getNextEntry()) {
                names.add(e.getName());
            }
        }
        return names;
    }

    private static String contentOf(byte[] jar, String name) throws IOException {
        try (ZipInputStream entries = new ZipInputStream(new ByteArrayInputStream(jar))) {
            for (ZipEntry e = entries.getNextEntry(); e != null; e = entries.getNextEntry()) {
                if (e.getName().equals(name)) {
                    return new String(entries.readAllBytes(), StandardCharsets.UTF_8);
                }
            }
        }
        return "";
    }
}
