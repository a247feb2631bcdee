package dev.plinth.kernel.state;

import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.WireFormat;

import java.io.IOException;

/**
 * How much of the heap a message takes once it is parsed, found out by reading over it: two bytes
 * may be an object of a hundred. Stateless.
 */
final class MessageCost {
    /**
     * No message takes more bytes than this for each of its own: that of an element with twenty
     * fields, none of them set.
     */
    static final int BYTES_PER_BYTE_MAX = 128;

    /** Messages in messages: deeper than any that is written. */
    private static final int DEPTH_MAX = 32;

    /** Header, what protobuf keeps in every message, and what a list grows ahead. */
    private static final int MESSAGE_BYTES = 48;

    private static final int REFERENCE_BYTES = 8;

    /** A list of numbers of eight bytes, which may have grown by half more than it needs. */
    private static final int NUMBER_BYTES = 12;

    /** An array of bytes or a list, and the object around it. */
    private static final int CONTENT_BYTES = 48;

    /** What is not known is kept, in lists and a tree of them. */
    private static final int UNKNOWN_BYTES = 224;

    private MessageCost() {}

    /**
     * Takes what a message will need.
     *
     * @throws IOException if it is none
     */
    static void take(byte[] message, Descriptor type, HeapBudget budget) throws IOException {
        take(CodedInputStream.newInstance(message), type, 0, budget);
    }

    private static void take(CodedInputStream in, Descriptor type, int depth, HeapBudget budget)
            throws IOException {
        if (depth > DEPTH_MAX) {
            throw StateReader.corrupt("messages are nested too deep");
        }
        budget.take(MESSAGE_BYTES + (long) REFERENCE_BYTES * fields(type));
        for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
            FieldDescriptor field = type.findFieldByNumber(WireFormat.getTagFieldNumber(tag));
            if (WireFormat.getTagWireType(tag) != WireFormat.WIRETYPE_LENGTH_DELIMITED) {
                budget.take(field == null ? UNKNOWN_BYTES : field.isRepeated() ? NUMBER_BYTES : 0);
                in.skipField(tag);
            } else if (field != null && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                int outer = in.pushLimit(in.readRawVarint32());
                take(in, field.getMessageType(), depth + 1, budget);
                in.popLimit(outer);
            } else {
                int length = in.readRawVarint32();
                budget.take(CONTENT_BYTES + (long) bytesEach(field) * Math.max(length, 0));
                in.skipRawBytes(length);
            }
        }
    }

    /** How many fields an object of the message has: alternatives share one. */
    private static int fields(Descriptor type) {
        int alternatives =
                type.getRealOneofs().stream().mapToInt(oneof -> oneof.getFieldCount()).sum();
        return type.getFields().size() - alternatives + 2 * type.getRealOneofs().size();
    }

    /** What a byte of a field becomes: a number of a list, a character, or itself. */
    private static int bytesEach(FieldDescriptor field) {
        if (field == null) {
            return UNKNOWN_BYTES;
        }
        return field.isPackable() ? NUMBER_BYTES : 2;
    }
}
