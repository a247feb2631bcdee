package dev.plinth.kernel.plugin;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.pf4j.PropertiesPluginDescriptorFinder;
import org.pf4j.util.FileUtils;
import org.pf4j.util.Unzip;

import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** The files of a plugin directory: zips, jars and exploded plugins, each with its descriptor. */
final class PluginDirectory {
    private static final String DESCRIPTOR =
            PropertiesPluginDescriptorFinder.DEFAULT_PROPERTIES_FILE_NAME;

    /** More than any descriptor needs; what a file claims beyond is not read. */
    private static final int MAX_DESCRIPTOR_BYTES = 64 << 10;

    /** Where zips are unpacked; a name that starts with a dot is no plugin. */
    private static final String UNPACKED = ".unpacked";

    private final Path directory;

    /**
     * A plugin as it lies in the directory.
     *
     * @param id that its descriptor gives: the name of the platform it provides
     * @param file its zip, jar or directory
     */
    record Entry(String id, Path file) {}

    PluginDirectory(Path directory) {
        this.directory = requireNonNull(directory, "directory is null");
    }

    /**
     * The plugins, in the order of their file names.
     *
     * @throws SandboxException if the directory cannot be read
     * @throws PluginLoadException if a file that should be a plugin has no descriptor that can be
     *     read
     */
    List<Entry> entries() {
        List<Entry> entries = new ArrayList<>();
        for (Path file : files()) {
            if (Files.isDirectory(file)) {
                entries.add(new Entry(id(file, explodedDescriptor(file)), file));
            } else if (isArchive(file)) {
                entries.add(new Entry(id(file, packedDescriptor(file)), file));
            }
        }
        return entries;
    }

    /**
     * Where PF4J can load the plugin from: a zip is unpacked first, beside it, once for each
     * version of the file.
     */
    Path loadable(Entry entry) {
        Path file = entry.file();
        return FileUtils.isZipFile(file) ? unpacked(file) : file;
    }

    private static boolean isArchive(Path file) {
        return FileUtils.isZipFile(file) || FileUtils.isJarFile(file);
    }

    private List<Path> files() {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> !file.getFileName().toString().startsWith("."))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            String problem = e instanceof NoSuchFileException ? "does not exist" : "cannot be read";
            throw new SandboxException(
                    ErrorCode.PLUGIN_DIRECTORY_UNUSABLE,
                    "plugin directory " + directory + " " + problem,
                    "name another with --plugins DIR, or build Plinth",
                    e);
        }
    }

    private static String explodedDescriptor(Path file) {
        Path descriptor = file.resolve(DESCRIPTOR);
        try (InputStream in = Files.newInputStream(descriptor)) {
            return read(in);
        } catch (IOException e) {
            throw new PluginLoadException(file, "has no readable " + DESCRIPTOR, e);
        }
    }

    private static String packedDescriptor(Path file) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            ZipEntry descriptor = zip.getEntry(DESCRIPTOR);
            if (descriptor == null) {
                throw new PluginLoadException(file, "has no " + DESCRIPTOR);
            }
            try (InputStream in = zip.getInputStream(descriptor)) {
                return read(in);
            }
        } catch (IOException e) {
            throw new PluginLoadException(file, "is not a readable zip file", e);
        }
    }

    private static String read(InputStream in) throws IOException {
        return new String(in.readNBytes(MAX_DESCRIPTOR_BYTES), StandardCharsets.ISO_8859_1);
    }

    private static String id(Path file, String descriptor) {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(descriptor));
        } catch (IOException | IllegalArgumentException e) {
            throw new PluginLoadException(file, "has a malformed " + DESCRIPTOR, e);
        }
        String id = properties.getProperty(PropertiesPluginDescriptorFinder.PLUGIN_ID, "").strip();
        if (id.isEmpty()) {
            throw new PluginLoadException(
                    file, DESCRIPTOR + " has no " + PropertiesPluginDescriptorFinder.PLUGIN_ID);
        }
        return id;
    }

    private Path unpacked(Path zip) {
        try {
            Path parent = directory.resolve(UNPACKED);
            String name = zip.getFileName().toString();
            String version = Files.size(zip) + "-" + Files.getLastModifiedTime(zip).toMillis();
            Path target = parent.resolve(name.substring(0, name.length() - 4) + "-" + version);
            if (Files.isDirectory(target)) {
                return target;
            }
            Files.createDirectories(parent);
            Path temporary = Files.createTempDirectory(parent, ".new");
            try {
                new Unzip(zip.toFile(), temporary.toFile()).extract();
                publish(temporary, target);
            } finally {
                if (Files.exists(temporary)) {
                    FileUtils.delete(temporary);
                }
            }
            return target;
        } catch (IOException e) {
            throw new PluginLoadException(
                    zip, "cannot be unpacked in its directory (" + e.getMessage() + ")", e);
        }
    }

    /** Renames, so that nobody sees a plugin half unpacked; another process may be first. */
    private static void publish(Path temporary, Path target) throws IOException {
        try {
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (AtomicMoveNotSupportedException e) {
            throw e;
        } catch (FileAlreadyExistsException | DirectoryNotEmptyException e) {
            if (!Files.isDirectory(target)) {
                throw e;
            }
        }
    }
}
