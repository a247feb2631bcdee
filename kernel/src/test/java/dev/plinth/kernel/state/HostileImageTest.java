package dev.plinth.kernel.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.CodedOutputStream;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.state.proto.DescriptorState;
import dev.plinth.kernel.state.proto.FdTableState;
import dev.plinth.kernel.state.proto.ObjectState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;

/** Small images that describe very much are refused before the heap is full of it. */
@Timeout(60)
final class HostileImageTest {
    private static final int ADDRESS_SPACE = 40;
    private static final int AREAS = 2;
    private static final long BUDGET = 16L << 20;
    private static final int TABLE = 7;

    private final ByteArrayOutputStream image = new ByteArrayOutputStream();
    private final CodedOutputStream out = CodedOutputStream.newInstance(image);
    private final Restorers restorers = new Restorers();

    private StateReader read(long budget) throws IOException {
        out.flush();
        return new StateReader(
                new ByteArrayInputStream(image.toByteArray()),
                restorers,
                (offset, length) -> {
                    throw new IllegalStateException("there are no pages");
                },
                new HeapBudget(budget));
    }

    private static byte[] message(int field, byte[] content) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CodedOutputStream message = CodedOutputStream.newInstance(bytes);
        message.writeByteArray(field, content);
        message.flush();
        return bytes.toByteArray();
    }

    /** An object of the number one. */
    private void writeObject(byte[] kind) throws IOException {
        out.writeUInt32NoTag(kind.length + 2);
        out.writeUInt32(ObjectState.NUMBER_FIELD_NUMBER, 1);
        out.writeRawBytes(kind);
    }

    private void assertTooLarge(long budget) {
        SandboxException e = assertThrows(SandboxException.class, () -> read(budget).close());
        assertEquals(ErrorCode.IMAGE_UNSUITABLE, e.code(), e::getMessage);
    }

    @Test
    void manyEmptyObjects() throws IOException {
        out.writeUInt32NoTag(0);
        for (int number = 1; number <= 100_000; number++) {
            ObjectState object = ObjectState.newBuilder().setNumber(number).build();
            out.writeUInt32NoTag(object.getSerializedSize());
            object.writeTo(out);
        }
        assertTooLarge(BUDGET);
        read(BUDGET * 8).close();
    }

    @Test
    void aMessageOfManyEmptyMessages() throws IOException {
        byte[] areas = new byte[1 << 20];
        for (int i = 0; i < areas.length; i += 2) {
            areas[i] = (byte) (AREAS << 3 | 2);
        }
        out.writeUInt32NoTag(0);
        writeObject(message(ADDRESS_SPACE, areas));
        assertTooLarge(BUDGET);
        read(BUDGET * 8).close();
    }

    @Test
    void aMessageOfFieldsThatAreNotKnown() throws IOException {
        byte[] unknown = new byte[1 << 20];
        for (int i = 0; i < unknown.length; i += 4) {
            unknown[i] = (byte) 0x80;
            unknown[i + 1] = (byte) 0x80;
            unknown[i + 2] = 0x10;
        }
        out.writeUInt32NoTag(0);
        writeObject(message(ADDRESS_SPACE, unknown));
        assertTooLarge(BUDGET);
    }

    @Test
    void aMessageThatIsLongerThanTheHeapIsNotRead() throws IOException {
        out.writeUInt32NoTag(StateReader.MESSAGE_BYTES_MAX);
        assertTooLarge(BUDGET);
    }

    /** It is read over, for the budget is small, and what that finds wrong is said as ever. */
    @ParameterizedTest
    @ValueSource(ints = {0, 7, 0x13, 0xff})
    void aMessageThatIsNoneIsDamaged(int tag) throws IOException {
        out.writeUInt32NoTag(0);
        writeObject(message(ADDRESS_SPACE, new byte[] {(byte) tag}));
        assertThrows(ImageCorruptException.class, () -> read(1100).close());
    }

    private void writeTable(int capacity, int descriptor) throws IOException {
        ObjectState object =
                ObjectState.newBuilder()
                        .setNumber(TABLE)
                        .setFdTable(
                                FdTableState.newBuilder()
                                        .setCapacity(capacity)
                                        .addDescriptors(
                                                DescriptorState.newBuilder()
                                                        .setNumber(descriptor)
                                                        .setFileRef(1)))
                        .build();
        out.writeUInt32NoTag(0);
        out.writeUInt32NoTag(object.getSerializedSize());
        object.writeTo(out);
        FdTable.restoring(restorers);
    }

    @Test
    void aDescriptorTableThatIsMuchLargerThanWhatIsInIt() throws IOException {
        writeTable(1 << 20, (1 << 20) - 1);
        try (StateReader reader = read(1 << 20)) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> reader.get(TABLE, FdTable.class));
            assertEquals(ErrorCode.IMAGE_UNSUITABLE, e.code(), e::getMessage);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 64, 1 << 20})
    void aDescriptorThatItsTableHasNoRoomFor(int descriptor) throws IOException {
        writeTable(64, descriptor);
        try (StateReader reader = read(1 << 20)) {
            assertThrows(ImageCorruptException.class, () -> reader.get(TABLE, FdTable.class));
        }
    }

    /** Room that is not used is none of the heap's. */
    @Test
    void aDescriptorTableThatWasLargeOnceIsNot() throws IOException {
        ObjectState object =
                ObjectState.newBuilder()
                        .setNumber(TABLE)
                        .setFdTable(FdTableState.newBuilder().setCapacity(1 << 20))
                        .build();
        out.writeUInt32NoTag(0);
        out.writeUInt32NoTag(object.getSerializedSize());
        object.writeTo(out);
        FdTable.restoring(restorers);
        try (StateReader reader = read(1 << 14)) {
            assertEquals(1 << 20, reader.get(TABLE, FdTable.class).capacity());
        }
    }
}
