package dev.plinth.cli.mutation;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** Changes what kernel.img says, and keeps it well formed. Confined to one thread. */
final class StateMutator {
    private static final int LARGE_LIST = 20_000;
    private static final int LARGE_BYTES = 1 << 20;

    private final Random random;
    private final StringBuilder what = new StringBuilder();
    private final List<ObjectState> objects = new ArrayList<>();
    private KernelState kernel = KernelState.getDefaultInstance();

    StateMutator(Random random) {
        this.random = random;
    }

    /** Changes one thing or a few, and tells which. */
    String change(ImageFiles files) throws IOException {
        ByteArrayInputStream in = new ByteArrayInputStream(files.get(ImageFiles.KERNEL));
        kernel = KernelState.parseDelimitedFrom(in);
        while (in.available() > 0) {
            objects.add(ObjectState.parseDelimitedFrom(in));
        }
        int changes = random.nextInt(3) == 0 ? 1 + random.nextInt(10) : 1;
        for (int i = 0; i < changes; i++) {
            changeOnce();
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        kernel.writeDelimitedTo(out);
        for (ObjectState object : objects) {
            object.writeDelimitedTo(out);
        }
        files.put(ImageFiles.KERNEL, out.toByteArray());
        return what.toString();
    }

    private void changeOnce() {
        int choice = random.nextInt(20);
        if (choice == 0) {
            KernelState.Builder changed = kernel.toBuilder();
            what.append(" kernel");
            change(changed);
            kernel = changed.build();
            return;
        }
        if (objects.isEmpty()) {
            return;
        }
        int i = random.nextInt(objects.size());
        ObjectState object = objects.get(i);
        what.append(" %s %d".formatted(object.getKindCase(), object.getNumber()));
        switch (choice) {
            case 1 -> {
                what.append(" removed");
                objects.remove(i);
            }
            case 2 -> {
                what.append(" once more");
                objects.add(object);
            }
            case 3 -> {
                ObjectState other = objects.get(random.nextInt(objects.size()));
                what.append(" as %s %d".formatted(other.getKindCase(), other.getNumber()));
                objects.set(i, other.toBuilder().setNumber(object.getNumber()).build());
            }
            case 4 -> {
                int j = random.nextInt(objects.size());
                ObjectState other = objects.get(j);
                what.append(
                        " swapped with %s %d".formatted(other.getKindCase(), other.getNumber()));
                objects.set(i, other.toBuilder().setNumber(object.getNumber()).build());
                objects.set(j, object.toBuilder().setNumber(other.getNumber()).build());
            }
            default -> {
                ObjectState.Builder changed = object.toBuilder();
                FieldDescriptor kind =
                        changed.getOneofFieldDescriptor(
                                ObjectState.getDescriptor().getOneofs().getFirst());
                if (kind == null) {
                    return;
                }
                Message.Builder state = ((Message) changed.getField(kind)).toBuilder();
                change(state);
                objects.set(i, changed.setField(kind, state.build()).build());
            }
        }
    }

    /** Changes a field of a message, or of one inside it. */
    private void change(Message.Builder message) {
        List<FieldDescriptor> fields =
                random.nextInt(8) == 0
                        ? message.getDescriptorForType().getFields()
                        : List.copyOf(message.getAllFields().keySet());
        if (fields.isEmpty()) {
            fields = message.getDescriptorForType().getFields();
        }
        if (fields.isEmpty()) {
            return;
        }
        FieldDescriptor field = fields.get(random.nextInt(fields.size()));
        what.append('.').append(field.getName());
        if (field.isRepeated()) {
            changeList(message, field);
        } else if (random.nextInt(8) == 0) {
            message.clearField(field);
        } else {
            message.setField(field, changed(field, message.getField(field)));
        }
    }

    private Object changed(FieldDescriptor field, Object value) {
        if (value instanceof Message inner) {
            Message.Builder builder = inner.toBuilder();
            change(builder);
            return builder.build();
        }
        Object other = odd(field, value);
        String shown = other.toString();
        what.append('=').append(shown, 0, Math.min(40, shown.length()));
        return other;
    }

    private Object odd(FieldDescriptor field, Object value) {
        return switch (field.getJavaType()) {
            case BOOLEAN -> !(Boolean) value;
            case INT ->
                    field.getName().contains("_ref")
                            ? reference()
                            : random.nextBoolean()
                                    ? (Integer) value + random.nextInt(-3, 4)
                                    : (int) ImageMutator.oddNumber(random);
            case LONG ->
                    random.nextBoolean()
                            ? (Long) value
                                    + random.nextInt(-3, 4) * (random.nextBoolean() ? 1L : 4096L)
                            : ImageMutator.oddNumber(random);
            case STRING ->
                    odd(((String) value).getBytes(StandardCharsets.UTF_8))
                            .toString(StandardCharsets.ISO_8859_1);
            case BYTE_STRING -> odd(((ByteString) value).toByteArray());
            case ENUM -> {
                List<EnumValueDescriptor> values = field.getEnumType().getValues();
                yield values.get(random.nextInt(values.size()));
            }
            case FLOAT, DOUBLE, MESSAGE -> throw new IllegalStateException("no such field");
        };
    }

    private ByteString odd(byte[] bytes) {
        return switch (random.nextInt(4)) {
            case 0 -> ByteString.EMPTY;
            case 1 -> ByteString.copyFrom(new byte[random.nextInt(LARGE_BYTES)]);
            case 2 -> ByteString.copyFrom(bytes, 0, random.nextInt(bytes.length + 1));
            default -> {
                byte[] changed = bytes.length == 0 ? new byte[1] : bytes.clone();
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
                yield ByteString.copyFrom(changed);
            }
        };
    }

    private int reference() {
        return switch (random.nextInt(6)) {
            case 0 -> 0;
            case 1 -> (int) ImageMutator.oddNumber(random);
            default -> 1 + random.nextInt(objects.size() + 1);
        };
    }

    private void changeList(Message.Builder message, FieldDescriptor field) {
        List<Object> values = new ArrayList<>((List<?>) message.getField(field));
        if (values.isEmpty()) {
            if (field.getJavaType() != FieldDescriptor.JavaType.MESSAGE) {
                message.addRepeatedField(field, odd(field, none(field)));
            }
            return;
        }
        int i = random.nextInt(values.size());
        switch (random.nextInt(8)) {
            case 0 -> values.remove(i);
            case 1 -> values.add(values.get(i));
            case 2 -> values.addAll(Collections.nCopies(random.nextInt(LARGE_LIST), values.get(i)));
            case 3 -> Collections.shuffle(values, random);
            case 4 -> values.clear();
            default -> values.set(i, changed(field, values.get(i)));
        }
        what.append("[%d of %d]".formatted(i, values.size()));
        message.setField(field, values);
    }

    private static Object none(FieldDescriptor field) {
        return switch (field.getJavaType()) {
            case BOOLEAN -> false;
            case INT -> 0;
            case LONG -> 0L;
            case STRING -> "";
            case BYTE_STRING -> ByteString.EMPTY;
            case ENUM -> field.getEnumType().getValues().getFirst();
            case FLOAT, DOUBLE, MESSAGE -> throw new IllegalStateException("no such field");
        };
    }
}
