package dev.plinth.kernel.image;

import com.google.gson.GsonBuilder;
import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import com.google.gson.JsonPrimitive;
import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.io.IOException;
import java.io.StringReader;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** An inventory as it stands in its file. Numbers of 64 bits are written as hexadecimal strings. */
final class InventoryJson {
    private static final String FORMAT_VERSION = "format_version";
    private static final String ARCHITECTURE = "architecture";
    private static final String CREATED = "created";
    private static final String PLATFORM = "platform";
    private static final String PROGRAM = "program";
    private static final String CPU = "cpu";
    private static final String HWCAP = "hwcap";
    private static final String HWCAP2 = "hwcap2";
    private static final String XCR0 = "xcr0";
    private static final String VECTOR_STATE_BYTES = "vector_state_bytes";
    private static final String FEATURES = "features";
    private static final String MAP_UNIT = "map_unit";
    private static final String ADDRESSES = "addresses";
    private static final String START = "start";
    private static final String END = "end";
    private static final String ROLES = "roles";
    private static final String DIRECTORIES = "directories";
    private static final String PATH = "path";
    private static final String DESTINATION = "destination";
    private static final String WRITABLE = "writable";
    private static final String FILES = "files";
    private static final String BYTES = "bytes";
    private static final String SHA256 = "sha256";

    private static final int NESTING_MAX = 8;
    private static final int DIGITS_MAX = 19;

    private static final long PAGE_INDEX_BYTES_MAX =
            ImageFormat.PAGE_INDEX_HEADER_BYTES
                    + (long) ImageFormat.EXTENTS_MAX * ImageFormat.EXTENT_BYTES;

    private InventoryJson() {}

    static byte[] write(Inventory inventory) {
        JsonObject cpu = new JsonObject();
        cpu.addProperty(HWCAP, hex(inventory.cpu().hwcap()));
        cpu.addProperty(HWCAP2, hex(inventory.cpu().hwcap2()));
        cpu.addProperty(XCR0, hex(inventory.cpu().xcr0()));
        cpu.addProperty(VECTOR_STATE_BYTES, inventory.cpu().vectorStateBytes());

        JsonObject addresses = new JsonObject();
        addresses.addProperty(START, hex(inventory.addresses().start()));
        addresses.addProperty(END, hex(inventory.addresses().end()));

        JsonArray features = new JsonArray();
        inventory.features().forEach(features::add);

        JsonArray roles = new JsonArray();
        inventory.roles().forEach(role -> roles.add(role.name()));

        JsonArray directories = new JsonArray();
        inventory.directories().forEach(each -> directories.add(directory(each)));

        JsonArray program = new JsonArray();
        inventory.program().forEach(program::add);

        JsonObject pages = new JsonObject();
        pages.addProperty(BYTES, inventory.files().pagesBytes());
        JsonObject files = new JsonObject();
        files.add(ImageFormat.KERNEL, storedFile(inventory.files().kernel()));
        files.add(ImageFormat.PAGE_INDEX, storedFile(inventory.files().pageIndex()));
        files.add(ImageFormat.PAGES, pages);

        JsonObject root = new JsonObject();
        root.addProperty(FORMAT_VERSION, ImageFormat.VERSION);
        root.addProperty(ARCHITECTURE, ImageFormat.ARCHITECTURE);
        root.addProperty(CREATED, inventory.created().toString());
        root.addProperty(PLATFORM, inventory.platform());
        root.add(PROGRAM, program);
        root.add(CPU, cpu);
        root.add(FEATURES, features);
        root.addProperty(MAP_UNIT, inventory.mapUnit());
        root.add(ADDRESSES, addresses);
        root.add(ROLES, roles);
        root.add(DIRECTORIES, directories);
        root.add(FILES, files);
        return text(root).getBytes(StandardCharsets.UTF_8);
    }

    private static JsonObject directory(SharedDirectory directory) {
        JsonObject json = new JsonObject();
        json.addProperty(PATH, directory.path());
        json.addProperty(DESTINATION, directory.destination());
        json.addProperty(WRITABLE, directory.writable());
        return json;
    }

    private static JsonObject storedFile(Inventory.StoredFile file) {
        JsonObject json = new JsonObject();
        json.addProperty(BYTES, file.bytes());
        json.addProperty(SHA256, file.sha256());
        return json;
    }

    private static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }

    private static String text(JsonObject root) {
        return new GsonBuilder().setPrettyPrinting().create().toJson(root) + "\n";
    }

    /**
     * Reads an inventory.
     *
     * @param content of the file, of a length that was capped
     * @throws SandboxException the image is too old, too new, of another architecture, or damaged
     */
    static Inventory read(ByteBuffer content) {
        JsonObject root = parse(content);
        checkVersion(integer(root, FORMAT_VERSION, Integer.MAX_VALUE));
        String architecture = string(root, ARCHITECTURE);
        if (!architecture.equals(ImageFormat.ARCHITECTURE)) {
            throw new SandboxException(
                    ErrorCode.IMAGE_UNSUITABLE,
                    "the image is of programs for '%s'".formatted(printable(architecture)),
                    "restore it on a host of that architecture");
        }
        JsonObject files = object(root, FILES);
        try {
            JsonObject addresses = object(root, ADDRESSES);
            return new Inventory(
                    Instant.parse(string(root, CREATED)),
                    string(root, PLATFORM),
                    program(root),
                    cpu(object(root, CPU)),
                    names(root, FEATURES, Inventory.FEATURES_MAX),
                    (int) integer(root, MAP_UNIT, Integer.MAX_VALUE),
                    new AddressRange(hexadecimal(addresses, START), hexadecimal(addresses, END)),
                    names(root, ROLES, Inventory.ROLES_MAX).stream().map(FdRole::new).toList(),
                    directories(root),
                    new Inventory.Files(
                            storedFile(files, ImageFormat.KERNEL, ImageFormat.KERNEL_BYTES_MAX),
                            storedFile(files, ImageFormat.PAGE_INDEX, PAGE_INDEX_BYTES_MAX),
                            integer(object(files, ImageFormat.PAGES), BYTES, Long.MAX_VALUE)));
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new ImageCorruptException(
                    ImageFormat.INVENTORY, "it holds a value that makes no sense", e);
        }
    }

    private static void checkVersion(long version) {
        if (version > ImageFormat.VERSION) {
            throw new ImageTooNewException((int) version);
        }
        if (version < ImageFormat.OLDEST_VERSION) {
            throw new ImageTooOldException((int) version);
        }
    }

    private static JsonObject parse(ByteBuffer content) {
        try {
            String text = StandardCharsets.UTF_8.newDecoder().decode(content).toString();
            JsonReader reader = new JsonReader(new StringReader(text));
            reader.setStrictness(Strictness.STRICT);
            reader.setNestingLimit(NESTING_MAX);
            JsonElement root = JsonParser.parseReader(reader);
            if (!root.isJsonObject() || reader.peek() != JsonToken.END_DOCUMENT) {
                throw corrupt("it is not one JSON object");
            }
            return root.getAsJsonObject();
        } catch (CharacterCodingException | JsonParseException e) {
            throw new ImageCorruptException(ImageFormat.INVENTORY, "it is not JSON", e);
        } catch (IOException e) {
            throw new ImageCorruptException(ImageFormat.INVENTORY, "it goes on behind its end", e);
        }
    }

    private static CpuFeatures cpu(JsonObject json) {
        return new CpuFeatures(
                hexadecimal(json, HWCAP),
                hexadecimal(json, HWCAP2),
                hexadecimal(json, XCR0),
                (int) integer(json, VECTOR_STATE_BYTES, CpuFeatures.MAX_VECTOR_STATE_BYTES));
    }

    /** Images of a time when it was not noted have none. */
    private static List<String> program(JsonObject root) {
        if (!root.has(PROGRAM)) {
            return List.of();
        }
        if (!(root.get(PROGRAM) instanceof JsonArray array)
                || array.size() > Inventory.PROGRAM_WORDS_MAX) {
            throw corrupt("'" + PROGRAM + "' is no list, or too long");
        }
        List<String> words = new ArrayList<>();
        for (JsonElement element : array) {
            if (!(element instanceof JsonPrimitive word) || !word.isString()) {
                throw corrupt("'" + PROGRAM + "' holds what is no word");
            }
            words.add(word.getAsString());
        }
        return words;
    }

    private static List<String> names(JsonObject root, String name, int most) {
        if (!(root.get(name) instanceof JsonArray array) || array.size() > most) {
            throw corrupt("'" + name + "' is no list, or too long");
        }
        List<String> names = new ArrayList<>();
        for (JsonElement element : array) {
            if (!(element instanceof JsonPrimitive each) || !each.isString()) {
                throw corrupt("'" + name + "' holds what is no name");
            }
            names.add(each.getAsString());
        }
        return names;
    }

    private static List<SharedDirectory> directories(JsonObject root) {
        if (!(root.get(DIRECTORIES) instanceof JsonArray array)
                || array.size() > Inventory.DIRECTORIES_MAX) {
            throw corrupt("'" + DIRECTORIES + "' is no list, or too long");
        }
        List<SharedDirectory> directories = new ArrayList<>();
        for (JsonElement element : array) {
            if (!(element instanceof JsonObject json)
                    || !(json.get(WRITABLE) instanceof JsonPrimitive writable)
                    || !writable.isBoolean()) {
                throw corrupt("'" + DIRECTORIES + "' holds what is no directory");
            }
            directories.add(
                    new SharedDirectory(
                            string(json, PATH),
                            string(json, DESTINATION),
                            writable.getAsBoolean()));
        }
        return directories;
    }

    private static Inventory.StoredFile storedFile(JsonObject files, String name, long most) {
        JsonObject json = object(files, name);
        return new Inventory.StoredFile(integer(json, BYTES, most), string(json, SHA256));
    }

    private static JsonObject object(JsonObject parent, String name) {
        if (parent.get(name) instanceof JsonObject object) {
            return object;
        }
        throw corrupt("'" + name + "' is missing, or no object");
    }

    private static String string(JsonObject parent, String name) {
        if (parent.get(name) instanceof JsonPrimitive value && value.isString()) {
            return value.getAsString();
        }
        throw corrupt("'" + name + "' is missing, or no string");
    }

    private static long integer(JsonObject parent, String name, long most) {
        if (parent.get(name) instanceof JsonPrimitive value && value.isNumber()) {
            String text = value.getAsString();
            // A number like 1e999999999 is short, and takes all memory when it is written out.
            if (text.length() <= DIGITS_MAX && text.chars().allMatch(c -> c >= '0' && c <= '9')) {
                BigDecimal number = new BigDecimal(text);
                if (number.compareTo(BigDecimal.valueOf(most)) <= 0) {
                    return number.longValueExact();
                }
            }
        }
        throw corrupt("'%s' is missing, or no number from 0 to %d".formatted(name, most));
    }

    private static long hexadecimal(JsonObject parent, String name) {
        String text = string(parent, name);
        if (!text.startsWith("0x")) {
            throw corrupt("'" + name + "' is no hexadecimal number");
        }
        return Long.parseUnsignedLong(text.substring(2), 16);
    }

    private static String printable(String text) {
        String shown = text.length() > 32 ? text.substring(0, 32) + "..." : text;
        return shown.replaceAll("[^ -~]", "?");
    }

    private static ImageCorruptException corrupt(String what) {
        return new ImageCorruptException(ImageFormat.INVENTORY, what);
    }
}
