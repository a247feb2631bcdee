package dev.plinth.kernel.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.TestingFiles;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/** What a program cannot see of Unix sockets: what becomes of those that nobody can reach. */
@Timeout(60)
final class UnixSocketsTest {
    private static final int SMALL_STACK = 256 << 10;

    private final TestingFiles files = new TestingFiles();
    private final Caller caller = files.caller(0);
    private final UnixSockets sockets = new UnixSockets(files.numbers, files.clock);

    @AfterEach
    void close() {
        files.close();
    }

    private List<UnixSocket> pair() {
        return sockets.newPair(SocketType.DATAGRAM, caller);
    }

    private static void send(UnixSocket by, FileDescription... rights) {
        SocketCredentials sender = SocketCredentials.NOBODY;
        Outgoing outgoing =
                new Outgoing(sender, Optional.empty(), List.of(rights), true, Long.MAX_VALUE);
        by.send(IoBuffer.of(new byte[1]), outgoing, Optional.empty());
    }

    private static boolean isOpen(FileDescription file) {
        if (!file.tryRetain()) {
            return false;
        }
        file.close();
        return true;
    }

    private void closeSomeSocket() {
        sockets.newSocket(SocketType.STREAM, caller).close();
    }

    @Test
    void socketsThatWaitForEachOtherOnlyAreClosed() {
        List<UnixSocket> first = pair();
        List<UnixSocket> second = pair();
        UnixSocket passenger = sockets.newSocket(SocketType.STREAM, caller);
        send(first.getFirst(), second.getFirst(), second.getLast());
        send(second.getFirst(), first.getFirst(), first.getLast(), passenger);
        passenger.close();
        first.forEach(FileDescription::close);
        closeSomeSocket();
        assertTrue(isOpen(passenger), "it can still be received by the second pair");
        second.forEach(FileDescription::close);
        closeSomeSocket();
        for (UnixSocket socket :
                List.of(
                        first.getFirst(),
                        first.getLast(),
                        second.getFirst(),
                        second.getLast(),
                        passenger)) {
            assertFalse(isOpen(socket));
        }
    }

    @Test
    void whatCanStillBeReceivedStaysOpen() {
        List<UnixSocket> outer = pair();
        List<UnixSocket> inner = pair();
        send(inner.getFirst(), inner.getFirst(), inner.getLast());
        send(outer.getFirst(), inner.getLast());
        inner.forEach(FileDescription::close);
        closeSomeSocket();
        Received received = outer.getLast().receive(IoBuffer.of(new byte[1]), false, false);
        UnixSocket socket = (UnixSocket) received.rights().getFirst();
        assertEquals(2, socket.receive(IoBuffer.of(new byte[1]), false, false).rights().size());
        outer.forEach(FileDescription::close);
        socket.close();
        inner.forEach(FileDescription::close);
        assertFalse(isOpen(socket));
    }

    @Test
    void connectionsThatNobodyAcceptsCountToo() {
        UnixSocket listener = sockets.newSocket(SocketType.STREAM, caller);
        SocketAddress name = SocketAddress.ofAbstract("name");
        sockets.bind(listener, name, caller, files.vfs);
        listener.listen(5, caller);
        UnixSocket client = sockets.newSocket(SocketType.STREAM, caller);
        client.connect(listener, caller);
        send(client, listener, client);
        client.close();
        listener.close();
        closeSomeSocket();
        assertFalse(isOpen(listener));
        assertFalse(isOpen(client));
        assertThrows(
                ErrnoException.class,
                () -> sockets.find(name, SocketType.STREAM, caller, files.vfs));
    }

    @Test
    void aLongChainIsClosedOnASmallStack() throws InterruptedException {
        List<UnixSocket> chain = new ArrayList<>();
        UnixSocket previous = sockets.newSocket(SocketType.DATAGRAM, caller);
        chain.add(previous);
        for (int i = 0; i < 5000; i++) {
            List<UnixSocket> next = pair();
            send(next.getFirst(), previous);
            previous.close();
            next.getFirst().close();
            previous = next.getLast();
            chain.add(previous);
        }
        UnixSocket last = previous;
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread closer =
                Thread.ofPlatform()
                        .stackSize(SMALL_STACK)
                        .uncaughtExceptionHandler((thread, e) -> failure.set(e))
                        .start(last::close);
        closer.join();
        assertEquals(null, failure.get());
        assertTrue(chain.stream().noneMatch(UnixSocketsTest::isOpen));
    }

    @Test
    void rightsOnTheirWayAreBounded() {
        List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
        FileDescription[] many =
                Collections.nCopies(250, pair.getFirst()).toArray(FileDescription[]::new);
        Outgoing limited =
                new Outgoing(
                        SocketCredentials.NOBODY, Optional.empty(), List.of(many), false, 1000);
        ErrnoException refused =
                assertThrows(
                        ErrnoException.class,
                        () -> {
                            for (int i = 0; i < 10; i++) {
                                pair.getFirst()
                                        .send(IoBuffer.of(new byte[1]), limited, Optional.empty());
                            }
                        });
        assertEquals(Errno.ETOOMANYREFS, refused.errno());
        pair.forEach(FileDescription::close);
        closeSomeSocket();
        assertFalse(isOpen(pair.getFirst()));
    }

    @Test
    void aSocketThatIsClosedWhileItIsSentToLosesNothingButTheMessages()
            throws InterruptedException {
        for (int i = 0; i < 500; i++) {
            List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
            UnixSocket passenger = sockets.newSocket(SocketType.STREAM, caller);
            Thread sender =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    while (true) {
                                        send(pair.getFirst(), passenger);
                                    }
                                } catch (ErrnoException e) {
                                    // Full, or closed.
                                    passenger.close();
                                }
                            });
            pair.getLast().close();
            sender.join();
            pair.getFirst().close();
            closeSomeSocket();
            assertFalse(isOpen(passenger));
        }
    }

    @Test
    void whatIsSentBeforeTheEndIsReceivedBeforeIt() throws InterruptedException {
        for (int i = 0; i < 2000; i++) {
            List<UnixSocket> pair = sockets.newPair(SocketType.STREAM, caller);
            Thread sender =
                    Thread.ofPlatform()
                            .start(() -> {
                                send(pair.getFirst());
                                pair.getFirst().close();
                            });
            assertEquals(1, receiveSoon(pair.getLast()).count());
            assertEquals(0, receiveSoon(pair.getLast()).count());
            sender.join();
            pair.getLast().close();
        }
    }

    private static Received receiveSoon(UnixSocket socket) {
        while (true) {
            try {
                return socket.receive(IoBuffer.of(new byte[1]), false, true);
            } catch (ErrnoException e) {
                assertEquals(Errno.EAGAIN, e.errno());
            }
        }
    }
}
