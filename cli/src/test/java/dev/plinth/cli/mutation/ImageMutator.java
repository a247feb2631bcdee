package dev.plinth.cli.mutation;

import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonPrimitive;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/** Changes images in ways of which each number is one. Stateless. */
final class ImageMutator {
    private static final int INDEX_HEADER_BYTES = 16;
    private static final int EXTENT_BYTES = 32;
    private static final long[] ODD_NUMBERS = {
        0,
        1,
        -1,
        2,
        63,
        64,
        65,
        4095,
        4096,
        4097,
        1 << 20,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        1L << 32,
        1L << 40,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0x7fff_ffff_f000L
    };

    private final List<ImageFiles> originals;

    ImageMutator(List<ImageFiles> originals) {
        this.originals = List.copyOf(originals);
    }

    /**
     * An image that was changed.
     *
     * @param what was done to it
     */
    record Mutant(String what, ImageFiles files) {}

    /** A number that somebody hostile would try. */
    static long oddNumber(Random random) {
        long number =
                random.nextInt(3) == 0
                        ? random.nextLong()
                        : ODD_NUMBERS[random.nextInt(ODD_NUMBERS.length)];
        return random.nextInt(4) == 0 ? number + random.nextInt(-2, 3) : number;
    }

    /** The image of a number, always the same. */
    Mutant mutant(long seed) throws IOException {
        Random random = new Random(seed);
        // Seeds that are neighbours begin alike.
        random.nextLong();
        ImageFiles files = originals.get(random.nextInt(originals.size())).copy();
        String what =
                switch (random.nextInt(16)) {
                    case 0 -> flipBits(files, random, anyName(random));
                    case 1 -> changeLength(files, random, anyName(random));
                    case 2 -> overwrite(files, random, anyName(random));
                    case 3 -> swap(files, random);
                    case 4 -> changeInventory(files, random);
                    case 5, 6 -> changeIndex(files, random);
                    case 7 -> sealed(files, flipBits(files, random, ImageFiles.KERNEL));
                    case 8 -> sealed(files, overwrite(files, random, ImageFiles.KERNEL));
                    case 9 -> sealed(files, changeLength(files, random, ImageFiles.KERNEL));
                    case 10 -> sealed(files, flipBits(files, random, ImageFiles.PAGE_INDEX));
                    default -> sealed(files, new StateMutator(random).change(files));
                };
        return new Mutant(what, files);
    }

    private static String sealed(ImageFiles files, String what) {
        files.seal();
        return what + ", checksums right";
    }

    private static String anyName(Random random) {
        return ImageFiles.NAMES.get(random.nextInt(ImageFiles.NAMES.size()));
    }

    private static String flipBits(ImageFiles files, Random random, String name) {
        byte[] content = files.get(name).clone();
        int bits = 1 + random.nextInt(8);
        for (int i = 0; i < bits && content.length > 0; i++) {
            content[random.nextInt(content.length)] ^= (byte) (1 << random.nextInt(8));
        }
        files.put(name, content);
        return "%d bits of %s".formatted(bits, name);
    }

    private static String changeLength(ImageFiles files, Random random, String name) {
        byte[] content = files.get(name);
        int length =
                random.nextBoolean()
                        ? random.nextInt(content.length + 1)
                        : content.length + 1 + random.nextInt(10_000);
        files.put(name, Arrays.copyOf(content, length));
        return "%s with %d bytes for %d".formatted(name, length, content.length);
    }

    private static String overwrite(ImageFiles files, Random random, String name) {
        byte[] content = files.get(name).clone();
        if (content.length == 0) {
            return "nothing";
        }
        int start = random.nextInt(content.length);
        int end = Math.min(content.length, start + 1 + random.nextInt(64));
        if (random.nextBoolean()) {
            Arrays.fill(content, start, end, (byte) (random.nextBoolean() ? 0xff : 0));
        } else {
            byte[] noise = new byte[end - start];
            random.nextBytes(noise);
            System.arraycopy(noise, 0, content, start, noise.length);
        }
        files.put(name, content);
        return "bytes %d to %d of %s".formatted(start, end, name);
    }

    private String swap(ImageFiles files, Random random) {
        String name = anyName(random);
        return switch (random.nextInt(3)) {
            case 0 -> {
                files.remove(name);
                yield name + " removed";
            }
            case 1 -> {
                files.put(name, originals.get(random.nextInt(originals.size())).get(name));
                yield name + " of another image";
            }
            default -> {
                String other = anyName(random);
                byte[] content = files.get(name);
                files.put(name, files.get(other));
                files.put(other, content);
                yield name + " and " + other + " swapped";
            }
        };
    }

    private static String changeInventory(ImageFiles files, Random random) {
        JsonObject root = files.inventory();
        JsonObject at = root;
        List<String> path = new ArrayList<>();
        while (true) {
            List<String> names = List.copyOf(at.keySet());
            String name = names.get(random.nextInt(names.size()));
            path.add(name);
            if (!at.get(name).isJsonObject() || random.nextInt(8) == 0) {
                change(at, name, random);
                files.put(ImageFiles.INVENTORY, root.toString().getBytes(StandardCharsets.UTF_8));
                return "inventory " + path;
            }
            at = at.getAsJsonObject(name);
        }
    }

    private static void change(JsonObject object, String name, Random random) {
        switch (random.nextInt(5)) {
            case 0 -> object.remove(name);
            case 1 -> object.add(name, JsonNull.INSTANCE);
            case 2 -> object.add(name, new JsonPrimitive("x".repeat(random.nextInt(100_000))));
            case 3 -> {
                JsonElement nested = new JsonPrimitive(1);
                for (int i = 0; i < 2000; i++) {
                    JsonObject around = new JsonObject();
                    around.add("x", nested);
                    nested = around;
                }
                object.add(name, nested);
            }
            default ->
                    object.add(
                            name,
                            random.nextBoolean()
                                    ? new JsonPrimitive(oddNumber(random))
                                    : new JsonPrimitive(
                                            BigInteger.TEN.pow(random.nextInt(1, 3000))));
        }
    }

    private static String changeIndex(ImageFiles files, Random random) {
        byte[] content = files.get(ImageFiles.PAGE_INDEX).clone();
        ByteBuffer index = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int extents = (content.length - INDEX_HEADER_BYTES) / EXTENT_BYTES;
        int field = random.nextInt(7);
        int at = INDEX_HEADER_BYTES + EXTENT_BYTES * random.nextInt(extents);
        long number = oddNumber(random);
        switch (field) {
            case 0 -> index.putInt(8, (int) number);
            case 1 -> index.putInt(12, (int) number);
            case 2 -> index.putLong(at, number);
            case 3 -> index.putLong(at + 8, number);
            case 4 -> index.putInt(at + 16, (int) number);
            case 5 -> index.putInt(at + 20, (int) number);
            default -> index.putInt(at + 24, (int) number);
        }
        files.put(ImageFiles.PAGE_INDEX, content);
        return sealed(files, "field %d at %d of the index is %x".formatted(field, at, number));
    }
}
