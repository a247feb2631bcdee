package dev.plinth.cli;

import com.google.gson.stream.JsonWriter;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.checkpoint.ImageContents;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.Inventory;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What is in an image, as it is shown. */
final class ImagePage {
    private static final long KIBIBYTE = 1 << 10;

    private ImagePage() {}

    /** For people. */
    static String text(Image image, ImageContents contents) {
        Inventory inventory = image.inventory();
        StringBuilder page = new StringBuilder();
        line(page, "Image", image.directory().toString());
        line(page, "Format", Integer.toString(image.formatVersion()));
        line(page, "Written", inventory.created() + " on " + inventory.platform());
        line(
                page,
                "CPU",
                "hwcap 0x%x, hwcap2 0x%x, xcr0 0x%x, %d bytes of vector state"
                        .formatted(
                                inventory.cpu().hwcap(),
                                inventory.cpu().hwcap2(),
                                inventory.cpu().xcr0(),
                                inventory.cpu().vectorStateBytes()));
        line(
                page,
                "Addresses",
                "0x%x-0x%x".formatted(inventory.addresses().start(), inventory.addresses().end()));
        line(page, "Roles", roles(inventory));
        line(
                page,
                "Pages",
                "%d (%s), stored in %s, %s"
                        .formatted(
                                image.pageIndex().pages(),
                                size(image.pageIndex().pages() * Pages.SIZE),
                                size(inventory.files().pagesBytes()),
                                compression(image)));
        line(page, "Kernel", size(inventory.files().kernel().bytes()) + ", " + objects(contents));
        return page.toString();
    }

    private static void line(StringBuilder page, String name, String value) {
        page.append("%-11s".formatted(name)).append(value).append('\n');
    }

    private static String roles(Inventory inventory) {
        String names =
                inventory.roles().stream().map(FdRole::name).collect(Collectors.joining(", "));
        return names.isEmpty() ? "-" : names;
    }

    private static String objects(ImageContents contents) {
        int total = contents.objects().values().stream().mapToInt(Integer::intValue).sum();
        return total + " objects";
    }

    private static String compression(Image image) {
        return image.pageIndex().compression().name().toLowerCase(Locale.ROOT);
    }

    /** In the largest unit of which there are several. */
    private static String size(long bytes) {
        long kibibytes = bytes / KIBIBYTE;
        return kibibytes < 10 * KIBIBYTE ? kibibytes + " KiB" : kibibytes / KIBIBYTE + " MiB";
    }

    /** For other programs. */
    static String json(Image image, ImageContents contents) {
        return Json.object(image, (json, each) -> write(json, each, contents));
    }

    private static void write(JsonWriter json, Image image, ImageContents contents)
            throws IOException {
        Inventory inventory = image.inventory();
        json.name("image").value(image.directory().toString());
        json.name("format_version").value(image.formatVersion());
        json.name("created").value(inventory.created().toString());
        json.name("platform").value(inventory.platform());
        json.name("cpu").beginObject();
        json.name("hwcap").value(inventory.cpu().hwcap());
        json.name("hwcap2").value(inventory.cpu().hwcap2());
        json.name("xcr0").value(inventory.cpu().xcr0());
        json.name("vector_state_bytes").value(inventory.cpu().vectorStateBytes());
        json.endObject();
        json.name("addresses").beginObject();
        json.name("start").value(inventory.addresses().start());
        json.name("end").value(inventory.addresses().end());
        json.endObject();
        json.name("roles").beginArray();
        for (FdRole role : inventory.roles()) {
            json.value(role.name());
        }
        json.endArray();
        json.name("kernel_bytes").value(inventory.files().kernel().bytes());
        json.name("pages_bytes").value(inventory.files().pagesBytes());
        json.name("pages").value(image.pageIndex().pages());
        json.name("compression").value(compression(image));
        json.name("objects").beginObject();
        for (Map.Entry<String, Integer> kind : contents.objects().entrySet()) {
            json.name(kind.getKey()).value(kind.getValue());
        }
        json.endObject();
    }
}
