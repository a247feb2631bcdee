package dev.plinth.kernel.boot;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;

import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.UnaryOperator;

/** An image that somebody has changed who knows the format, and made its checksums right again. */
final class HostileImage {
    private HostileImage() {}

    /** Changes each object of an image. */
    static void change(Path image, UnaryOperator<ObjectState> change) throws IOException {
        change(image, UnaryOperator.identity(), change);
    }

    /** Changes what there is once, and each object of an image. */
    static void change(
            Path image, UnaryOperator<KernelState> whole, UnaryOperator<ObjectState> change)
            throws IOException {
        Path kernel = image.resolve("kernel.img");
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (InputStream in = Files.newInputStream(kernel)) {
            whole.apply(KernelState.parseDelimitedFrom(in)).writeDelimitedTo(out);
            ObjectState object = ObjectState.parseDelimitedFrom(in);
            while (object != null) {
                change.apply(object).writeDelimitedTo(out);
                object = ObjectState.parseDelimitedFrom(in);
            }
        }
        Files.write(kernel, out.toByteArray());
        changeInventory(
                image,
                inventory -> {
                    JsonObject file =
                            inventory.getAsJsonObject("files").getAsJsonObject("kernel.img");
                    file.addProperty("bytes", out.size());
                    file.addProperty("sha256", sha256(out.toByteArray()));
                    return inventory;
                });
    }

    /** Changes the inventory of an image. */
    static void changeInventory(Path image, UnaryOperator<JsonObject> change) throws IOException {
        Path path = image.resolve("inventory.json");
        JsonObject inventory = JsonParser.parseString(Files.readString(path)).getAsJsonObject();
        Files.writeString(path, change.apply(inventory).toString());
    }

    private static String sha256(byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
