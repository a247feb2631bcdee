package dev.plinth.cli.control;

import com.google.gson.Strictness;
import com.google.gson.stream.JsonReader;
import com.google.gson.stream.JsonToken;
import com.google.gson.stream.JsonWriter;

import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A JSON object, as control sockets carry it and state files hold it. Immutable.
 *
 * <p>Written out with streams, for the tree of the library takes longer to load than a short
 * command runs.
 */
public final class Message {
    private static final int NESTING_MAX = 8;

    /** Strings, longs, booleans, lists and maps of such. */
    private final Map<String, Object> members;

    private Message(Map<String, Object> members) {
        this.members = members;
    }

    /** An object without members. */
    public static Message empty() {
        return new Message(Map.of());
    }

    /** The object with a member more, or another value for it. */
    public Message with(String name, String value) {
        return withAny(name, value);
    }

    /** The object with a member more, or another value for it. */
    public Message with(String name, long value) {
        return withAny(name, value);
    }

    /** The object with a member more, or another value for it. */
    public Message with(String name, boolean value) {
        return withAny(name, value);
    }

    /** The object with a member more, or another value for it. */
    public Message with(String name, Message value) {
        return withAny(name, value.members);
    }

    /** The object with a list of strings as one member more. */
    public Message with(String name, List<String> values) {
        return withAny(name, List.copyOf(values));
    }

    /** The object with a list of objects as one member more. */
    public Message withAll(String name, List<Message> values) {
        return withAny(name, values.stream().map(value -> (Object) value.members).toList());
    }

    private Message withAny(String name, Object value) {
        Map<String, Object> changed = new LinkedHashMap<>(members);
        changed.put(name, value);
        return new Message(changed);
    }

    /** Whether there are no members. */
    public boolean isEmpty() {
        return members.isEmpty();
    }

    /** Whether there is such a member. */
    public boolean has(String name) {
        return members.containsKey(name);
    }

    /**
     * The string of a name.
     *
     * @throws MessageException if there is none
     */
    public String string(String name) {
        return member(name, String.class);
    }

    /** The string of a name, if there is such a member. */
    public Optional<String> optionalString(String name) {
        return has(name) ? Optional.of(string(name)) : Optional.empty();
    }

    /**
     * The absolute path of a name.
     *
     * @throws MessageException if there is none, or it is no path of this host
     */
    public Path path(String name) {
        Path path;
        try {
            path = Path.of(string(name));
        } catch (InvalidPathException e) {
            throw new MessageException(name + " is no path", e);
        }
        if (!path.isAbsolute()) {
            throw new MessageException(name + " is no absolute path");
        }
        return path;
    }

    /**
     * The number of a name, within bounds.
     *
     * @throws MessageException if there is none
     */
    public long number(String name, long least, long most) {
        long value = member(name, Long.class);
        if (value < least || value > most) {
            throw new MessageException(name + " is out of range: " + value);
        }
        return value;
    }

    /** The truth of a name; false if there is no such member. */
    public boolean flag(String name) {
        return has(name) && member(name, Boolean.class);
    }

    /**
     * The object of a name.
     *
     * @throws MessageException if there is none
     */
    public Message object(String name) {
        return object(member(name, Map.class));
    }

    /**
     * The strings of a name.
     *
     * @throws MessageException if there is no list of strings
     */
    public List<String> strings(String name) {
        List<String> strings = new ArrayList<>();
        for (Object element : member(name, List.class)) {
            strings.add(cast(name, element, String.class));
        }
        return strings;
    }

    /**
     * The objects of a name.
     *
     * @throws MessageException if there is no list of objects
     */
    public List<Message> objects(String name) {
        List<Message> objects = new ArrayList<>();
        for (Object element : member(name, List.class)) {
            objects.add(object(cast(name, element, Map.class)));
        }
        return objects;
    }

    private static Message object(Map<?, ?> map) {
        Map<String, Object> members = new LinkedHashMap<>();
        map.forEach((name, value) -> members.put((String) name, value));
        return new Message(members);
    }

    private <T> T member(String name, Class<T> type) {
        if (!has(name)) {
            throw new MessageException(name + " is missing");
        }
        return cast(name, members.get(name), type);
    }

    private static <T> T cast(String name, Object value, Class<T> type) {
        if (!type.isInstance(value)) {
            throw new MessageException(name + " is not of the kind that it must be");
        }
        return type.cast(value);
    }

    /** As text, in one line. */
    public String json() {
        StringWriter text = new StringWriter();
        try (JsonWriter json = new JsonWriter(text)) {
            write(json, members);
        } catch (IOException e) {
            throw new UncheckedIOException("a string cannot be written to", e);
        }
        return text.toString();
    }

    /** Writes the members into an object that was begun. */
    public void writeMembers(JsonWriter json) throws IOException {
        for (Map.Entry<String, Object> member : members.entrySet()) {
            json.name(member.getKey());
            write(json, member.getValue());
        }
    }

    @SuppressWarnings("IfChainToSwitch") // A switch over types takes milliseconds to link.
    private static void write(JsonWriter json, Object value) throws IOException {
        if (value instanceof Map<?, ?> map) {
            json.beginObject();
            for (Map.Entry<?, ?> member : map.entrySet()) {
                json.name((String) member.getKey());
                write(json, member.getValue());
            }
            json.endObject();
        } else if (value instanceof List<?> list) {
            json.beginArray();
            for (Object element : list) {
                write(json, element);
            }
            json.endArray();
        } else if (value instanceof String string) {
            json.value(string);
        } else if (value instanceof Boolean truth) {
            json.value(truth);
        } else {
            json.value((Long) value);
        }
    }

    /**
     * Reads what {@link #json} wrote, or an enemy did.
     *
     * @param text of a length that was capped
     * @throws MessageException if it is no object of what messages are made of
     */
    public static Message parse(String text) {
        try (JsonReader json = new JsonReader(new StringReader(text))) {
            json.setStrictness(Strictness.STRICT);
            json.setNestingLimit(NESTING_MAX);
            Message message = new Message(readObject(json));
            if (json.peek() != JsonToken.END_DOCUMENT) {
                throw new MessageException("there is more than one value");
            }
            return message;
        } catch (IOException | IllegalStateException | NumberFormatException e) {
            throw new MessageException("it is no JSON of the kind that it must be", e);
        }
    }

    private static Map<String, Object> readObject(JsonReader json) throws IOException {
        Map<String, Object> members = new LinkedHashMap<>();
        json.beginObject();
        while (json.hasNext()) {
            String name = json.nextName();
            if (members.put(name, readValue(json)) != null) {
                throw new MessageException(name + " is there twice");
            }
        }
        json.endObject();
        return members;
    }

    private static Object readValue(JsonReader json) throws IOException {
        return switch (json.peek()) {
            case BEGIN_OBJECT -> readObject(json);
            case BEGIN_ARRAY -> {
                List<Object> elements = new ArrayList<>();
                json.beginArray();
                while (json.hasNext()) {
                    elements.add(readValue(json));
                }
                json.endArray();
                yield elements;
            }
            case STRING -> json.nextString();
            case BOOLEAN -> json.nextBoolean();
            case NUMBER -> json.nextLong();
            default -> throw new MessageException("there is a " + json.peek());
        };
    }

    @Override
    public String toString() {
        return json();
    }
}
