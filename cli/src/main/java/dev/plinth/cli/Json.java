package dev.plinth.cli;

import com.google.gson.FormattingStyle;
import com.google.gson.stream.JsonWriter;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.List;

/** JSON for other programs to read. Used only when asked for, for it takes time to load. */
final class Json {
    private Json() {}

    /**
     * Writes the members of an object.
     *
     * @param <T> what the object tells of
     */
    @FunctionalInterface
    interface Members<T> {
        void write(JsonWriter json, T value) throws IOException;
    }

    /** An object, and a newline. */
    static <T> String object(T value, Members<T> members) {
        return text(json -> writeObject(json, value, members));
    }

    /** An array with an object for each value, and a newline. */
    static <T> String array(List<T> values, Members<T> members) {
        return text(json -> {
            json.beginArray();
            for (T value : values) {
                writeObject(json, value, members);
            }
            json.endArray();
        });
    }

    private static <T> void writeObject(JsonWriter json, T value, Members<T> members)
            throws IOException {
        json.beginObject();
        members.write(json, value);
        json.endObject();
    }

    /** What may fail to write. */
    @FunctionalInterface
    private interface Content {
        void write(JsonWriter json) throws IOException;
    }

    private static String text(Content content) {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            json.setFormattingStyle(FormattingStyle.PRETTY);
            content.write(json);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot be written to", e);
        }
        return text + "\n";
    }
}
