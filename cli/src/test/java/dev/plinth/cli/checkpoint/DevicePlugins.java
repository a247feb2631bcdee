package dev.plinth.cli.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;

/** Makes plugins of those of the distribution, that declare more devices. */
final class DevicePlugins {
    private static final String INDEX = "META-INF/extensions.idx";

    private final Path directory;

    /** Those in a directory. */
    DevicePlugins(Path directory) {
        this.directory = directory;
    }

    Path directory() {
        return directory;
    }

    /** The name of a platform that declares some more. */
    static String name(String platform, int count) {
        return platform + "-" + count;
    }

    /** Adds a platform that declares some more. */
    void add(String platform, int count) throws IOException {
        String name = name(platform, count);
        Path zip = Files.copy(plugin(platform), directory.resolve(name + ".zip"));
        Path jar = directory.resolve(name + ".jar");
        try (FileSystem plugin = FileSystems.newFileSystem(zip)) {
            Path inside = onlyFile(plugin.getPath("lib"));
            Files.copy(inside, jar);
            extend(jar, name, count);
            Files.delete(inside);
            Files.move(jar, plugin.getPath("lib/plugin.jar"));
            Path description = plugin.getPath("plugin.properties");
            Files.writeString(
                    description,
                    Files.readString(description)
                            .replace("plugin.id=" + platform, "plugin.id=" + name));
        }
    }

    private static void extend(Path jar, String name, int count) throws IOException {
        try (FileSystem plugin = FileSystems.newFileSystem(jar)) {
            Path index = plugin.getPath(INDEX);
            String factory =
                    Files.readAllLines(index).stream()
                            .filter(line -> !line.startsWith("#"))
                            .findFirst()
                            .orElseThrow();
            Files.writeString(index, PluginWithDevices.class.getName() + "\n");
            Files.writeString(
                    plugin.getPath(PluginWithDevices.SETTINGS),
                    "name=%s\nfactory=%s\ncount=%d\n".formatted(name, factory, count),
                    StandardCharsets.ISO_8859_1);
            for (Class<?> type : new Class<?>[] {PluginWithDevices.class, ExtraDevices.class}) {
                String file = type.getName().replace('.', '/') + ".class";
                Path target = plugin.getPath(file);
                Files.createDirectories(target.getParent());
                try (InputStream content = type.getClassLoader().getResourceAsStream(file)) {
                    Files.copy(content, target);
                }
            }
        }
    }

    private static Path plugin(String platform) throws IOException {
        Path plugins = Path.of(System.getProperty("plinth.dist"), "plugins");
        try (DirectoryStream<Path> zips =
                Files.newDirectoryStream(plugins, "*-" + platform + "-*.zip")) {
            return zips.iterator().next();
        }
    }

    private static Path onlyFile(Path directory) throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(directory)) {
            return files.iterator().next();
        }
    }
}
