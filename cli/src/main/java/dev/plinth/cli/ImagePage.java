package dev.plinth.cli;

import com.google.gson.stream.JsonWriter;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.checkpoint.ImageContents;
import dev.plinth.kernel.checkpoint.ImageContents.SavedDescriptor;
import dev.plinth.kernel.checkpoint.ImageContents.SavedProcess;
import dev.plinth.kernel.checkpoint.ImageContents.SavedTask;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.image.SharedDirectory;

import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/** What is in an image, as it is shown. */
final class ImagePage {
    private ImagePage() {}

    /** For people. */
    static String text(Image image, ImageContents contents) {
        Inventory inventory = image.inventory();
        StringBuilder page = new StringBuilder();
        line(page, "Image", image.directory().toString());
        line(page, "Format", Integer.toString(image.formatVersion()));
        line(
                page,
                "Written",
                inventory.created() + " on " + ListCommand.printable(inventory.platform()));
        line(
                page,
                "Program",
                inventory.program().isEmpty()
                        ? "-"
                        : ListCommand.printable(String.join(" ", inventory.program())));
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
                "Platform",
                "%s, memory mapped by %s"
                        .formatted(
                                inventory.features().isEmpty()
                                        ? "no feature"
                                        : String.join(", ", inventory.features()),
                                Amounts.bytes(inventory.mapUnit())));
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
                                Amounts.bytes(image.pageIndex().pages() * Pages.SIZE),
                                Amounts.bytes(inventory.files().pagesBytes()),
                                compression(image)));
        line(
                page,
                "Kernel",
                Amounts.bytes(inventory.files().kernel().bytes()) + ", " + objects(contents));
        page.append('\n').append(directories(inventory));
        page.append('\n').append(processes(contents));
        page.append('\n').append(descriptors(contents));
        return page.toString();
    }

    private static TextTable directories(Inventory inventory) {
        TextTable table = new TextTable("HOST", "SANDBOX", "MODE");
        for (SharedDirectory each : inventory.directories()) {
            table.row(
                    ListCommand.printable(each.path()),
                    ListCommand.printable(each.destination()),
                    each.writable() ? "rw" : "ro");
        }
        return table;
    }

    private static TextTable processes(ImageContents contents) {
        TextTable table = new TextTable("PID", "PPID", "TASKS", "MAPPED", "OWN", "FDS", "NAME");
        for (SavedProcess process : contents.processes()) {
            table.row(
                    Integer.toString(process.pid()),
                    Integer.toString(process.parent()),
                    Integer.toString(process.tasks().size()),
                    Amounts.bytes(process.mappedBytes()),
                    Amounts.bytes(process.ownPages() * Pages.SIZE),
                    Integer.toString(process.descriptors().size()),
                    process.ended() ? "(ended)" : names(process));
        }
        return table;
    }

    private static String names(SavedProcess process) {
        return process.tasks().stream()
                .map(SavedTask::name)
                .distinct()
                .collect(Collectors.joining(", "));
    }

    private static TextTable descriptors(ImageContents contents) {
        TextTable table = new TextTable("PID", "FD", "KIND", "FLAGS", "PATH");
        for (SavedProcess process : contents.processes()) {
            for (SavedDescriptor descriptor : process.descriptors()) {
                table.row(
                        Integer.toString(process.pid()),
                        Integer.toString(descriptor.number()),
                        descriptor.kind(),
                        "0%o".formatted(descriptor.flags()),
                        descriptor.path());
            }
        }
        return table;
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
        json.name("program").beginArray();
        for (String word : inventory.program()) {
            json.value(word);
        }
        json.endArray();
        json.name("cpu").beginObject();
        json.name("hwcap").value(inventory.cpu().hwcap());
        json.name("hwcap2").value(inventory.cpu().hwcap2());
        json.name("xcr0").value(inventory.cpu().xcr0());
        json.name("vector_state_bytes").value(inventory.cpu().vectorStateBytes());
        json.endObject();
        json.name("features").beginArray();
        for (String feature : inventory.features()) {
            json.value(feature);
        }
        json.endArray();
        json.name("map_unit").value(inventory.mapUnit());
        json.name("addresses").beginObject();
        json.name("start").value(inventory.addresses().start());
        json.name("end").value(inventory.addresses().end());
        json.endObject();
        json.name("roles").beginArray();
        for (FdRole role : inventory.roles()) {
            json.value(role.name());
        }
        json.endArray();
        json.name("directories").beginArray();
        for (SharedDirectory each : inventory.directories()) {
            json.beginObject();
            json.name("path").value(each.path());
            json.name("destination").value(each.destination());
            json.name("writable").value(each.writable());
            json.endObject();
        }
        json.endArray();
        json.name("kernel_bytes").value(inventory.files().kernel().bytes());
        json.name("pages_bytes").value(inventory.files().pagesBytes());
        json.name("pages").value(image.pageIndex().pages());
        json.name("compression").value(compression(image));
        json.name("processes").beginArray();
        for (SavedProcess process : contents.processes()) {
            json.beginObject();
            write(json, process);
            json.endObject();
        }
        json.endArray();
        json.name("objects").beginObject();
        for (Map.Entry<String, Integer> kind : contents.objects().entrySet()) {
            json.name(kind.getKey()).value(kind.getValue());
        }
        json.endObject();
    }

    private static void write(JsonWriter json, SavedProcess process) throws IOException {
        json.name("pid").value(process.pid());
        json.name("ppid").value(process.parent());
        json.name("ended").value(process.ended());
        json.name("mapped_bytes").value(process.mappedBytes());
        json.name("own_pages").value(process.ownPages());
        json.name("tasks").beginArray();
        for (SavedTask task : process.tasks()) {
            json.beginObject();
            json.name("tid").value(task.tid());
            json.name("name").value(task.name());
            json.name("in_call").value(task.inCall());
            json.endObject();
        }
        json.endArray();
        json.name("descriptors").beginArray();
        for (SavedDescriptor descriptor : process.descriptors()) {
            json.beginObject();
            json.name("number").value(descriptor.number());
            json.name("kind").value(descriptor.kind());
            json.name("flags").value(descriptor.flags());
            json.name("path").value(descriptor.path());
            json.endObject();
        }
        json.endArray();
    }
}
