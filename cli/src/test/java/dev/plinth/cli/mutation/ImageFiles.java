package dev.plinth.cli.mutation;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The files of an image in memory, by name. Confined to one thread. */
final class ImageFiles {
    static final String INVENTORY = "inventory.json";
    static final String KERNEL = "kernel.img";
    static final String PAGE_INDEX = "pages.idx";
    static final String PAGES = "pages.img";
    static final List<String> NAMES = List.of(INVENTORY, KERNEL, PAGE_INDEX, PAGES);

    private final Map<String, byte[]> contents = new TreeMap<>();

    private ImageFiles() {}

    /** Of a directory in which nothing is. */
    static ImageFiles none() {
        return new ImageFiles();
    }

    static ImageFiles read(Path directory) throws IOException {
        ImageFiles files = new ImageFiles();
        for (String name : NAMES) {
            files.contents.put(name, Files.readAllBytes(directory.resolve(name)));
        }
        return files;
    }

    /** Another image of the same content; the content itself is never written to. */
    ImageFiles copy() {
        ImageFiles copy = new ImageFiles();
        copy.contents.putAll(contents);
        return copy;
    }

    byte[] get(String name) {
        return contents.get(name);
    }

    void put(String name, byte[] content) {
        contents.put(name, content);
    }

    void remove(String name) {
        contents.remove(name);
    }

    /** Makes length and checksum of each file right again, as far as the inventory has them. */
    void seal() {
        JsonObject inventory = inventory();
        JsonObject files = inventory.getAsJsonObject("files");
        for (String name : List.of(KERNEL, PAGE_INDEX)) {
            files.getAsJsonObject(name).addProperty("bytes", get(name).length);
            files.getAsJsonObject(name).addProperty("sha256", sha256(get(name)));
        }
        files.getAsJsonObject(PAGES).addProperty("bytes", get(PAGES).length);
        put(INVENTORY, inventory.toString().getBytes(StandardCharsets.UTF_8));
    }

    JsonObject inventory() {
        return JsonParser.parseString(new String(get(INVENTORY), StandardCharsets.UTF_8))
                .getAsJsonObject();
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has it", e);
        }
    }

    /** Writes what differs from what is there. */
    void write(Path directory, ImageFiles there) throws IOException {
        for (String name : NAMES) {
            Path file = directory.resolve(name);
            if (!contents.containsKey(name)) {
                Files.deleteIfExists(file);
            } else if (!there.contents.containsKey(name)
                    || !Arrays.equals(there.contents.get(name), contents.get(name))) {
                Files.write(file, contents.get(name));
            }
        }
    }
}
