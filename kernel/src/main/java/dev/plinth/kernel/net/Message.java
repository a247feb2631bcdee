package dev.plinth.kernel.net;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.MessageState;
import dev.plinth.kernel.vfs.FileDescription;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What was sent in one piece and is not read yet: {@code struct sk_buff}.
 *
 * <p>Lasting state: all of it. Guarded by the queue lock of the socket that it waits at; the bytes
 * do not change.
 */
@SavedWith(UnixSocket.class)
final class Message {
    /** {@code sizeof(struct sk_buff)}, and of {@code struct skb_shared_info}, as Linux counts. */
    private static final int HEADER_BYTES = 256;

    private static final int TRAILER_BYTES = 320;
    private static final int SMALLEST_BLOCK = 512;

    /** What lies in one block of memory; the rest is in pages. */
    private static final int GREATEST_BLOCK = 16 << 10;

    private static final int PAGE = 4096;

    private final MemorySegment bytes;
    private final UnixSocket sender;
    private final SocketAddress from;
    private final Optional<SocketCredentials> credentials;

    /** Retained; taken by whoever reads the first byte. */
    private List<FileDescription> rights;

    private int start;

    Message(
            byte[] bytes,
            UnixSocket sender,
            SocketAddress from,
            Optional<SocketCredentials> credentials,
            List<FileDescription> rights) {
        this.bytes = MemorySegment.ofArray(bytes);
        this.sender = requireNonNull(sender, "sender is null");
        this.from = requireNonNull(from, "from is null");
        this.credentials = requireNonNull(credentials, "credentials is null");
        this.rights = List.copyOf(rights);
    }

    /** What is saved of it. */
    MessageState save(StateWriter writer) {
        MessageState.Builder state =
                MessageState.newBuilder()
                        .setData(ByteString.copyFrom(unread().asByteBuffer()))
                        .setAlreadyRead(start)
                        .setSenderRef(writer.reference(sender))
                        .setFrom(from.save())
                        .addAllRightsRefs(writer.references(rights));
        credentials.ifPresent(sent -> state.setCredentials(sent.save()));
        return state.build();
    }

    /**
     * A message that was saved.
     *
     * @return with files that are not retained yet
     * @throws IllegalArgumentException if there is no such message
     */
    static Message restore(MessageState state, StateReader reader) {
        int start = state.getAlreadyRead();
        int length = state.getData().size();
        if (start < 0 || start > SocketOptions.LONGEST_MESSAGE - length) {
            throw new IllegalArgumentException(
                    "a message has %d bytes behind %x".formatted(length, start));
        }
        byte[] bytes = new byte[start + length];
        state.getData().copyTo(bytes, start);
        List<FileDescription> rights = new ArrayList<>();
        for (int reference : state.getRightsRefsList()) {
            rights.add(reader.get(reference, FileDescription.class));
        }
        Message message =
                new Message(
                        bytes,
                        reader.get(state.getSenderRef(), UnixSocket.class),
                        SocketAddress.restore(state.getFrom()),
                        state.hasCredentials()
                                ? Optional.of(SocketCredentials.restore(state.getCredentials()))
                                : Optional.empty(),
                        rights);
        message.start = start;
        return message;
    }

    /** What counts against the sender's SO_SNDBUF: {@code truesize}. */
    static int memoryFor(int length) {
        int linear = Math.min(length, GREATEST_BLOCK - TRAILER_BYTES);
        int wanted = (linear + 63) / 64 * 64 + TRAILER_BYTES;
        int block = Math.max(SMALLEST_BLOCK, Integer.highestOneBit(wanted - 1) * 2);
        return HEADER_BYTES + block + (length - linear + PAGE - 1) / PAGE * PAGE;
    }

    int memory() {
        return memoryFor((int) bytes.byteSize());
    }

    UnixSocket sender() {
        return sender;
    }

    SocketAddress from() {
        return from;
    }

    Optional<SocketCredentials> credentials() {
        return credentials;
    }

    List<FileDescription> rights() {
        return rights;
    }

    /** The rights, which are the caller's then. */
    List<FileDescription> takeRights() {
        List<FileDescription> taken = rights;
        rights = List.of();
        return taken;
    }

    /** The bytes that are not read yet. */
    MemorySegment unread() {
        return bytes.asSlice(start);
    }

    int length() {
        return (int) bytes.byteSize() - start;
    }

    /** Some bytes were read. */
    void skip(long count) {
        start += (int) count;
    }
}
