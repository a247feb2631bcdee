package dev.plinth.kernel.net;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.eventfd.EventCounter;
import dev.plinth.kernel.fs.pipefs.PipeFs;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.state.proto.MessageState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.UnixSocketState;
import dev.plinth.kernel.task.SavedAndRestored;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.UserMemory;
import dev.plinth.kernel.vfs.linux.Poll;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Unix sockets that were saved answer as before. */
@Timeout(60)
final class SavedSocketsTest {
    private static final SocketCredentials SENDER = new SocketCredentials(12, 34, 56);
    private static final int EVERYTHING =
            Poll.POLLIN | Poll.POLLOUT | Poll.POLLHUP | Poll.POLLRDHUP | Poll.POLLERR;

    private final TestingFiles testing = new TestingFiles();
    private final Caller caller = testing.caller(1000);
    private final SavedAndRestored before = new SavedAndRestored(testing);
    private final UnixSockets sockets = before.sockets;

    @AfterEach
    void close() {
        testing.close();
    }

    private static UnixSocket socket(SavedAndRestored sandbox, int i) {
        return (UnixSocket) sandbox.files.get(i);
    }

    private static SocketAddress named(String name) {
        return SocketAddress.ofAbstract(name);
    }

    private UnixSocket bound(SocketType type, String name) {
        UnixSocket socket = sockets.newSocket(type, caller);
        sockets.bind(socket, named(name), caller, testing.vfs);
        return socket;
    }

    private static void send(UnixSocket by, String text, FileDescription... rights) {
        send(by, text, Optional.empty(), rights);
    }

    private static void send(
            UnixSocket by, String text, Optional<UnixSocket> to, FileDescription... rights) {
        Outgoing outgoing =
                new Outgoing(SENDER, Optional.empty(), List.of(rights), true, Long.MAX_VALUE);
        by.send(IoBuffer.of(text.getBytes(StandardCharsets.US_ASCII)), outgoing, to);
    }

    private static Received receive(UnixSocket by, StringBuilder into, int most) {
        byte[] bytes = new byte[most];
        Received received = by.receive(IoBuffer.of(bytes), false, false);
        into.append(
                new String(
                        Arrays.copyOf(bytes, (int) received.count()), StandardCharsets.US_ASCII));
        return received;
    }

    private static String receive(UnixSocket by, int most) {
        StringBuilder text = new StringBuilder();
        receive(by, text, most);
        return text.toString();
    }

    private static boolean isOpen(FileDescription file) {
        if (!file.tryRetain()) {
            return false;
        }
        file.close();
        return true;
    }

    private static void close(List<UnixSocket> open) {
        open.forEach(FileDescription::close);
    }

    @Test
    void aSocketThatNothingWasDoneWith() {
        UnixSocket socket = sockets.newSocket(SocketType.STREAM, caller);
        try (SavedAndRestored after = before.next(socket)) {
            UnixSocket restored = socket(after, 0);
            assertEquals(socket.stat(), restored.stat());
            assertEquals(SocketType.STREAM, restored.type());
            assertEquals(socket.ready(EVERYTHING), restored.ready(EVERYTHING));
            assertTrue(restored.localAddress().isUnnamed());
            assertEquals(SocketCredentials.NOBODY, restored.peerCredentials());
            assertErrno(Errno.ENOTCONN, restored::peerAddress);
            after.sockets.bind(restored, named("late"), caller, testing.vfs);
            restored.listen(1, caller);
        }
        socket.close();
    }

    @Test
    void bytesOfAStreamThatAreReadInPart() {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        send(pair.getFirst(), "abcdef");
        send(pair.getFirst(), "ghi");
        assertEquals("abc", receive(pair.getLast(), 3));
        try (SavedAndRestored after = before.next(pair.getFirst(), pair.getLast())) {
            assertEquals(outgoing(pair.getFirst()), outgoing(socket(after, 0)));
            send(socket(after, 0), "jkl");
            send(socket(after, 1), "back");
            assertEquals("defghijkl", receive(socket(after, 1), 100));
            assertEquals("back", receive(socket(after, 0), 100));
            assertEquals(0, outgoing(socket(after, 0)));
            assertErrno(Errno.EAGAIN, () -> receive(socket(after, 1), 1));
        }
        close(pair);
    }

    /** SIOCOUTQ. */
    private static int outgoing(UnixSocket socket) {
        int[] count = new int[1];
        socket.ioctl(
                Socket.SIOCOUTQ,
                0,
                new UserMemory() {
                    @Override
                    public void copyIn(long address, MemorySegment target) {
                        throw new AssertionError("nothing is read");
                    }

                    @Override
                    public void copyOut(long address, MemorySegment source) {
                        MemorySegment.ofArray(count).copyFrom(source);
                    }
                });
        return count[0];
    }

    @Test
    void aFullSendingBufferStaysFull() {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        pair.getFirst().options().set(Socket.SO_SNDBUF, 4608);
        byte[] much = new byte[1 << 20];
        long sent = pair.getFirst().write(IoBuffer.of(much));
        try (SavedAndRestored after = before.next(pair.getFirst(), pair.getLast())) {
            assertErrno(Errno.EAGAIN, () -> socket(after, 0).write(IoBuffer.of(new byte[1])));
            assertEquals(0, socket(after, 0).ready(Poll.POLLOUT));
            assertEquals(sent, socket(after, 1).read(IoBuffer.of(much)));
            assertEquals(Poll.POLLOUT, socket(after, 0).ready(Poll.POLLOUT));
        }
        close(pair);
    }

    @Test
    void messagesKeepTheirBoundariesAndWhoSentThem() {
        UnixSocket receiver = bound(SocketType.DATAGRAM, "receiver");
        UnixSocket named = bound(SocketType.DATAGRAM, "sender");
        UnixSocket unnamed = sockets.newSocket(SocketType.DATAGRAM, caller);
        receiver.options().set(Socket.SO_PASSCRED, 1);
        send(named, "one", Optional.of(receiver));
        send(unnamed, "", Optional.of(receiver));
        send(named, "three", Optional.of(receiver));
        named.close();
        try (SavedAndRestored after = before.next(receiver, unnamed)) {
            StringBuilder text = new StringBuilder();
            Received first = receive(socket(after, 0), text, 2);
            assertEquals("on", text.toString());
            assertTrue(first.isTruncated());
            assertEquals(named("sender"), first.from());
            assertEquals(Optional.of(SENDER), first.credentials());
            assertEquals(0, receive(socket(after, 0), text, 10).length());
            assertEquals("three", receive(socket(after, 0), 10));
            send(socket(after, 1), "four", Optional.of(socket(after, 0)));
            assertEquals("four", receive(socket(after, 0), 10));
            UnixSocket another = after.sockets.newSocket(SocketType.DATAGRAM, caller);
            after.sockets.bind(another, named("sender"), caller, testing.vfs);
            another.close();
        }
        receiver.close();
        unnamed.close();
    }

    @Test
    void namesAreTakenAndFound() {
        UnixSocket first = bound(SocketType.DATAGRAM, "name");
        UnixSocket automatic = sockets.newSocket(SocketType.DATAGRAM, caller);
        sockets.bind(automatic, SocketAddress.UNNAMED, caller, testing.vfs);
        try (SavedAndRestored after = before.next(first, automatic)) {
            assertSame(
                    after.files.getFirst(),
                    after.sockets.find(named("name"), SocketType.DATAGRAM, caller, testing.vfs));
            assertEquals(automatic.localAddress(), socket(after, 1).localAddress());
            UnixSocket another = after.sockets.newSocket(SocketType.DATAGRAM, caller);
            assertErrno(
                    Errno.EADDRINUSE,
                    () -> after.sockets.bind(another, named("name"), caller, testing.vfs));
            after.sockets.bind(another, SocketAddress.UNNAMED, caller, testing.vfs);
            assertFalse(another.localAddress().equals(automatic.localAddress()));
            after.files.getFirst().close();
            UnixSocket heir = after.sockets.newSocket(SocketType.DATAGRAM, caller);
            after.sockets.bind(heir, named("name"), caller, testing.vfs);
            heir.close();
            another.close();
        }
        first.close();
        automatic.close();
    }

    @Test
    void connectionsWaitToBeAcceptedInTheirOrder() {
        UnixSocket listener = bound(SocketType.SEQUENCED_PACKET, "listener");
        listener.listen(1, caller);
        UnixSocket first = sockets.newSocket(SocketType.SEQUENCED_PACKET, caller);
        UnixSocket second = sockets.newSocket(SocketType.SEQUENCED_PACKET, testing.caller(1001));
        first.connect(listener, caller);
        second.connect(listener, testing.caller(1001));
        send(first, "early");
        try (SavedAndRestored after = before.next(listener, first, second)) {
            assertTrue(socket(after, 0).isListening());
            assertEquals(named("listener"), socket(after, 1).peerAddress());
            UnixSocket third = after.sockets.newSocket(SocketType.SEQUENCED_PACKET, caller);
            assertErrno(Errno.EAGAIN, () -> third.connect(socket(after, 0), caller));
            third.close();
            UnixSocket accepted = socket(after, 0).accept();
            assertEquals(1000, accepted.peerCredentials().uid());
            assertEquals("early", receive(accepted, 100));
            send(accepted, "welcome");
            assertEquals("welcome", receive(socket(after, 1), 100));
            socket(after, 0).close();
            assertErrno(Errno.ECONNRESET, () -> receive(socket(after, 2), 100));
            accepted.close();
        }
        close(List.of(listener, first, second));
    }

    @Test
    void aPeerThatIsGoneStaysGone() {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        send(pair.getFirst(), "lost");
        send(pair.getLast(), "left");
        pair.getLast().close();
        try (SavedAndRestored after = before.next(pair.getFirst())) {
            UnixSocket alone = socket(after, 0);
            assertEquals(pair.getFirst().ready(EVERYTHING), alone.ready(EVERYTHING));
            assertEquals("left", receive(alone, 100));
            assertErrno(Errno.ECONNRESET, () -> receive(alone, 100));
            assertEquals("", receive(alone, 100));
            assertErrno(Errno.EPIPE, () -> send(alone, "x"));
            assertTrue(alone.peerAddress().isUnnamed());
        }
        pair.getFirst().close();
    }

    @Test
    void datagramsToADefaultThatIsGoneAreRefusedOnce() {
        UnixSocket receiver = bound(SocketType.DATAGRAM, "receiver");
        UnixSocket sender = sockets.newSocket(SocketType.DATAGRAM, caller);
        sender.connect(receiver, caller);
        receiver.close();
        try (SavedAndRestored after = before.next(sender)) {
            assertEquals(named("receiver"), socket(after, 0).peerAddress());
            assertErrno(Errno.ECONNREFUSED, () -> send(socket(after, 0), "x"));
            assertErrno(Errno.ENOTCONN, () -> send(socket(after, 0), "x"));
        }
        sender.close();
    }

    @Test
    void whatWasShutDownStaysSo() {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        send(pair.getFirst(), "last words");
        pair.getFirst().shutdown(Socket.SHUT_WR);
        try (SavedAndRestored after = before.next(pair.getFirst(), pair.getLast())) {
            assertErrno(Errno.EPIPE, () -> send(socket(after, 0), "x"));
            assertEquals("last words", receive(socket(after, 1), 100));
            assertEquals("", receive(socket(after, 1), 100));
            send(socket(after, 1), "answer");
            assertEquals("answer", receive(socket(after, 0), 100));
            assertTrue((socket(after, 1).ready(EVERYTHING) & Poll.POLLRDHUP) != 0);
        }
        close(pair);
    }

    @Test
    void optionsStay() {
        UnixSocket socket = sockets.newSocket(SocketType.STREAM, caller);
        SocketOptions options = socket.options();
        options.set(Socket.SO_SNDBUF, 10_000);
        options.set(Socket.SO_RCVBUF, 20_000);
        options.set(Socket.SO_RCVLOWAT, 7);
        options.set(Socket.SO_KEEPALIVE, 1);
        options.set(Socket.SO_PRIORITY, 5);
        options.setReceiveTimeout(123);
        options.setLinger(1L << 32 | 1);
        try (SavedAndRestored after = before.next(socket)) {
            SocketOptions restored = socket(after, 0).options();
            for (int option = 0; option < 64; option++) {
                assertEquals(options.get(option), restored.get(option), "option " + option);
            }
            assertEquals(OptionalInt.of(20_000), restored.get(Socket.SO_SNDBUF));
            assertEquals(123, restored.receiveTimeout());
            assertEquals(Long.MAX_VALUE, restored.sendTimeout());
            assertEquals(1L << 32 | 1, restored.linger());
        }
        socket.close();
    }

    @Test
    void filesOnTheirWayArrive() {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        PipeFs.Ends pipe = before.pipes.newPipe(0, Credentials.ofUser(0, 0, List.of()));
        EventCounter counter = new EventCounter(before.anonymous.place("eventfd"), 0, 5);
        send(pair.getFirst(), "a");
        send(pair.getFirst(), "b", pipe.writing(), counter, counter);
        pipe.writing().close();
        counter.close();
        try (SavedAndRestored after = before.next(pair.getLast(), pipe.reading())) {
            StringBuilder text = new StringBuilder();
            List<FileDescription> rights = receive(socket(after, 0), text, 100).rights();
            assertEquals("ab", text.toString());
            assertEquals(3, rights.size());
            assertSame(rights.get(1), rights.get(2));
            rights.getFirst().write(IoBuffer.of(new byte[3]));
            assertEquals(3, after.files.getLast().read(IoBuffer.of(new byte[10])));
            long[] count = new long[1];
            rights.getLast().read(IoBuffer.of(MemorySegment.ofArray(count)));
            assertEquals(5, count[0]);
            rights.forEach(FileDescription::close);
            assertFalse(isOpen(rights.getFirst()), "somebody holds it still");
            assertFalse(isOpen(rights.getLast()), "somebody holds it still");
        }
        close(pair);
        pipe.reading().close();
    }

    @Test
    void filesOnTheirWayInACircleAreThereAndGoWithTheLastWhoReachesThem() {
        List<UnixSocket> pair = sockets.newPair(SocketType.DATAGRAM, caller);
        UnixSocket passenger = sockets.newSocket(SocketType.STREAM, caller);
        send(pair.getFirst(), "x", pair.getFirst(), pair.getLast(), passenger);
        send(pair.getLast(), "y", pair.getLast());
        passenger.close();
        try (SavedAndRestored after = before.next(pair.getFirst(), pair.getLast())) {
            List<FileDescription> seen =
                    socket(after, 1).receive(IoBuffer.of(new byte[1]), true, false).rights();
            seen.forEach(FileDescription::close);
            FileDescription travelling = seen.getLast();
            assertTrue(isOpen(travelling));
            after.files.forEach(FileDescription::close);
            after.sockets.newSocket(SocketType.STREAM, caller).close();
            assertFalse(isOpen(travelling), "it is kept by those whom nobody reaches");
            assertFalse(isOpen(after.files.getFirst()));
        }
        close(pair);
    }

    @Test
    void aSocketThatOnlyAMessageHolds() {
        List<UnixSocket> pair = sockets.newPair(SocketType.DATAGRAM, caller);
        UnixSocket passenger = bound(SocketType.DATAGRAM, "passenger");
        send(passenger, "to myself", Optional.of(passenger));
        send(pair.getFirst(), "x", passenger);
        passenger.close();
        try (SavedAndRestored after = before.next(pair.getLast())) {
            UnixSocket arrived =
                    (UnixSocket)
                            receive(socket(after, 0), new StringBuilder(), 1).rights().getFirst();
            assertEquals("to myself", receive(arrived, 100));
            assertSame(
                    arrived,
                    after.sockets.find(
                            named("passenger"), SocketType.DATAGRAM, caller, testing.vfs));
            arrived.close();
            assertFalse(isOpen(arrived));
        }
        close(pair);
    }

    @Test
    void aLongChainOfSocketsInEachOthersQueues() {
        List<UnixSocket> first = sockets.newPair(SocketType.STREAM, caller);
        UnixSocket last = first.getFirst();
        for (int i = 0; i < 3000; i++) {
            List<UnixSocket> next = sockets.newPair(SocketType.STREAM, caller);
            send(last, "x", next.getLast());
            next.getLast().close();
            if (i > 0) {
                last.close();
            }
            last = next.getFirst();
        }
        send(last, "end");
        last.close();
        try (SavedAndRestored after = before.next(first.getLast())) {
            UnixSocket at = socket(after, 0);
            for (int i = 0; i < 3000; i++) {
                List<FileDescription> rights = receive(at, new StringBuilder(), 1).rights();
                if (i > 0) {
                    at.close();
                }
                at = (UnixSocket) rights.getFirst();
            }
            assertEquals("end", receive(at, 100));
            at.close();
        }
        close(first);
    }

    private void assertRefused(Consumer<UnixSocketState.Builder> change) {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        send(pair.getFirst(), "x", pair.getFirst());
        UnaryOperator<ObjectState> hostile =
                object -> {
                    if (!object.hasUnixSocket() || object.getUnixSocket().getMessagesCount() == 0) {
                        return object;
                    }
                    ObjectState.Builder changed = object.toBuilder();
                    change.accept(changed.getUnixSocketBuilder());
                    return changed.build();
                };
        assertThrows(
                ImageCorruptException.class,
                () -> before.next(hostile, pair.getFirst(), pair.getLast()));
        close(pair);
    }

    private void assertMessageRefused(Consumer<MessageState.Builder> change) {
        assertRefused(socket -> change.accept(socket.getMessagesBuilder(0)));
    }

    @Test
    void whatNoSocketCanBeIsRefused() {
        assertRefused(socket -> socket.setType(4));
        assertRefused(socket -> socket.setConnectionValue(9));
        assertRefused(socket ->
                socket.setType(Socket.SOCK_DGRAM)
                        .setConnection(UnixSocketState.Connection.LISTENING));
        assertRefused(socket -> socket.setType(Socket.SOCK_DGRAM));
        assertRefused(socket -> socket.setPendingError(100_000));
        assertRefused(socket -> socket.setLocalAddress(ByteString.copyFrom(new byte[200])));
        assertRefused(socket -> socket.setLocalAddress(ByteString.copyFromUtf8("a\0b")));
        assertRefused(socket -> socket.setPeerRef(1 << 20));
        assertRefused(socket -> socket.setDead(true));
        assertRefused(socket -> socket.getOptionsBuilder().setSendBuffer(1 << 30));
        assertRefused(socket -> socket.getOptionsBuilder().setReceiveBuffer(0));
        assertRefused(socket -> socket.getOptionsBuilder().setLowWater(0));
        assertRefused(socket -> socket.getOptionsBuilder().setSendTimeout(-1));
        assertRefused(socket -> socket.getOptionsBuilder().putKept(77, 1));
        assertRefused(socket ->
                socket.getBacklogBuilder()
                        .addWaitingRefs(socket.getMessages(0).getSenderRef() + 99));
        assertRefused(socket -> socket.setSocketsRef(socket.getPeerRef()));
    }

    /** Else closing one would close another, and that a third, as deep as an image likes. */
    @Test
    void connectionsWaitOnceAndWhereSomebodyListens() {
        UnixSocket listening = bound(SocketType.STREAM, "listening");
        listening.listen(5, caller);
        UnixSocket connecting = sockets.newSocket(SocketType.STREAM, caller);
        connecting.connect(listening, caller);
        before.next(object -> object, listening, connecting).close();
        List<Consumer<UnixSocketState.Builder>> changes =
                List.of(
                        socket ->
                                socket.getBacklogBuilder()
                                        .addWaitingRefs(socket.getBacklog().getWaitingRefs(0)),
                        socket -> socket.setConnection(UnixSocketState.Connection.CONNECTED),
                        socket -> socket.setConnection(UnixSocketState.Connection.IDLE),
                        socket -> socket.getBacklogBuilder().setWaitingRefs(0, 1));
        for (Consumer<UnixSocketState.Builder> change : changes) {
            UnaryOperator<ObjectState> hostile =
                    object -> {
                        if (object.getUnixSocket().getBacklog().getWaitingRefsCount() == 0) {
                            return object;
                        }
                        ObjectState.Builder changed = object.toBuilder();
                        change.accept(changed.getUnixSocketBuilder());
                        return changed.build();
                    };
            assertThrows(
                    ImageCorruptException.class, () -> before.next(hostile, listening, connecting));
        }
        close(List.of(listening, connecting));
    }

    @Test
    void whatNoMessageCanBeIsRefused() {
        assertMessageRefused(message -> message.setAlreadyRead(-1));
        assertMessageRefused(message -> message.setAlreadyRead(Integer.MAX_VALUE));
        assertMessageRefused(message -> message.setData(ByteString.copyFrom(new byte[1 << 20])));
        assertMessageRefused(message -> message.setSenderRef(0));
        assertMessageRefused(message -> message.addRightsRefs(0));
        assertMessageRefused(message -> message.setFrom(ByteString.copyFrom(new byte[200])));
        int tooMany = 100_000;
        assertMessageRefused(message -> {
            int reference = message.getRightsRefs(0);
            for (int i = 0; i < tooMany; i++) {
                message.addRightsRefs(reference);
            }
        });
    }
}
