package dev.plinth.cli.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;
import dev.plinth.cli.control.linux.SocketCalls;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.LockSupport;

@Timeout(60)
final class ControlServerTest {
    private static final HostKernel HOST =
            ServiceLoader.load(HostKernel.class).findFirst().orElseThrow();

    private static final long SYS_PIPE2 = 293;

    @TempDir private Path temporary;
    private SandboxDirectory directory;
    private HostFd listener;
    private ControlServer server;

    /** What the handler "fail" throws. */
    private volatile RuntimeException failure = new IllegalStateException("a defect");

    /** How often the handler "slow" has begun. */
    private final Semaphore begun = new Semaphore(0);

    /** Keeps the handler "slow" until it is opened. */
    private final CountDownLatch gate = new CountDownLatch(1);

    @BeforeEach
    void startServer() {
        directory =
                new StateRoot(temporary)
                        .create(
                                new SandboxState(
                                        "a",
                                        SandboxState.Status.RUNNING,
                                        HostProcess.current(),
                                        "none",
                                        Instant.EPOCH,
                                        "/",
                                        List.of(),
                                        Optional.empty(),
                                        OptionalInt.empty()));
        listen(HOST);
    }

    private void listen(HostKernel host) {
        listener =
                new SocketCalls(HOST).listen(directory.path().toString(), SandboxDirectory.SOCKET);
        server =
                new ControlServer(
                        host,
                        listener,
                        Map.of(
                                "echo",
                                (arguments, descriptors, connection) ->
                                        connection.send(
                                                Reply.of(
                                                        arguments.with(
                                                                "descriptors",
                                                                descriptors.size()))),
                                "slow",
                                ControlServer.lasting((arguments, descriptors, connection) -> {
                                    begun.release();
                                    gate.await();
                                    connection.send(Reply.of(Message.empty()));
                                }),
                                "refuse",
                                (arguments, descriptors, connection) -> {
                                    throw new SandboxException(
                                            ErrorCode.SANDBOX_BUSY, "not now", "later");
                                },
                                "talk",
                                (arguments, descriptors, connection) ->
                                        connection.send(
                                                Reply.of(Message.empty().with("word", tooLong()))),
                                "fail",
                                (arguments, descriptors, connection) -> {
                                    throw failure;
                                }));
        server.start();
    }

    @AfterEach
    void stopServer() {
        gate.countDown();
        server.close();
        listener.close();
    }

    private ControlClient connect() {
        return ControlClient.connect(HOST, directory);
    }

    private SocketChannel rawConnection() throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        channel.connect(
                UnixDomainSocketAddress.of(directory.path().resolve(SandboxDirectory.SOCKET)));
        return channel;
    }

    private void assertServes() {
        try (ControlClient client = connect()) {
            assertEquals("x", client.ask("echo", Message.empty().with("word", "x")).string("word"));
        }
    }

    private static long openDescriptors() throws IOException {
        try (var files = Files.list(Path.of("/proc/self/fd"))) {
            return files.count();
        }
    }

    @Test
    void answersARequest() {
        assertServes();
    }

    @Test
    void takesLargeMessages() {
        String large = "y".repeat(Connection.MESSAGE_BYTES_MAX / 2);
        try (ControlClient client = connect()) {
            assertEquals(
                    large, client.ask("echo", Message.empty().with("word", large)).string("word"));
        }
    }

    private static String tooLong() {
        return "y".repeat(Connection.MESSAGE_BYTES_MAX);
    }

    @Test
    void whatIsTooLongIsNotSent() {
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(
                            SandboxException.class,
                            () -> client.ask("echo", Message.empty().with("word", tooLong())));
            assertEquals(ErrorCode.OPTION_INVALID, e.code());
            assertFalse(e.remedy().isEmpty());
        }
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> client.ask("talk", Message.empty()));
            assertEquals(ErrorCode.CONTROL_BROKEN, e.code());
            assertTrue(e.getMessage().contains("the answer is too long"), e.getMessage());
        }
        assertServes();
    }

    @Test
    void tellsWhyItRefuses() {
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(
                            SandboxException.class, () -> client.ask("refuse", Message.empty()));
            assertEquals(ErrorCode.SANDBOX_BUSY, e.code());
            assertEquals("not now", e.getMessage());
            assertEquals("later", e.remedy());
        }
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> client.ask("fly", Message.empty()));
            assertEquals(ErrorCode.CONTROL_BROKEN, e.code());
            assertTrue(e.getMessage().contains("'fly'"), e.getMessage());
        }
    }

    @Test
    void whatARequestFailsOfIsTheRequestsAlone() throws IOException {
        assertFails(ErrorCode.INTERNAL, new IllegalStateException("a defect"));
        assertFails(ErrorCode.HOST_EXHAUSTED, new HostCallException("clone", Errno.EAGAIN));
        assertFails(ErrorCode.CONTROL_BROKEN, new MessageException("image is no path"));
        assertServes();
    }

    private void assertFails(ErrorCode code, RuntimeException thrown) {
        failure = thrown;
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> client.ask("fail", Message.empty()));
            assertEquals(code, e.code());
            assertTrue(e.getMessage().contains(thrown.getMessage()), e.getMessage());
            assertFalse(e.remedy().isEmpty());
        }
    }

    @Test
    void descriptorsGoAlongAndAreClosedByWhoGetsThem() throws IOException {
        assertServes();
        try (HostFd one = new SocketCalls(HOST).listen(temporary.toString(), "one")) {
            long before = openDescriptors();
            for (int i = 0; i < 20; i++) {
                try (ControlClient client = connect()) {
                    client.send("echo", Message.empty(), List.of(one, one, one));
                    assertEquals(3, client.await().number("descriptors", 0, 9));
                }
            }
            server.close();
            // The acceptor's last connection is gone with its thread.
            assertTrue(openDescriptors() <= before, "descriptors leak");
        }
    }

    @Test
    void asManyDescriptorsAsThereMayBeGoAlong() throws IOException {
        assertServes();
        try (HostFd one = new SocketCalls(HOST).listen(temporary.toString(), "one");
                Connection connection =
                        new Connection(
                                HOST,
                                new SocketCalls(HOST)
                                        .connect(
                                                directory.path().toString(),
                                                SandboxDirectory.SOCKET,
                                                0))) {
            List<HostFd> eight = Collections.nCopies(8, one);
            connection.send(new Request("echo", Message.empty()).toMessage(), eight);
            assertEquals(8, answer(connection).object("value").number("descriptors", 0, 9));
        }
    }

    private static Message answer(Connection connection) {
        return connection.receive().orElseThrow().message();
    }

    @Test
    void garbageIsAnsweredOrSentAwayAndHarmsNobody() throws IOException {
        Random random = new Random(7);
        List<byte[]> garbage = new ArrayList<>();
        garbage.add(new byte[] {0, 0, 0, 0});
        garbage.add(new byte[] {-1, -1, -1, -1});
        garbage.add(new byte[] {0x7f, -1, -1, -1, 1, 2, 3});
        garbage.add(new byte[] {0, 0, 0, 2, '{', '}'});
        garbage.add("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8));
        garbage.add(frame("{\"version\":1}"));
        garbage.add(frame("{\"version\":2,\"command\":\"echo\",\"arguments\":{}}"));
        garbage.add(frame("{\"version\":1,\"command\":[],\"arguments\":{}}"));
        garbage.add(frame("{\"version\":1,\"command\":\"echo\",\"arguments\":7}"));
        garbage.add(frame("{".repeat(10_000)));
        for (int i = 0; i < 50; i++) {
            byte[] bytes = new byte[random.nextInt(1, 300)];
            random.nextBytes(bytes);
            garbage.add(bytes);
        }
        for (byte[] bytes : garbage) {
            try (SocketChannel channel = rawConnection()) {
                channel.write(ByteBuffer.wrap(bytes));
                channel.shutdownOutput();
                drain(channel);
            }
        }
        assertServes();
    }

    private static byte[] frame(String text) {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(4 + body.length).putInt(body.length).put(body).array();
    }

    private static void drain(SocketChannel channel) {
        ByteBuffer buffer = ByteBuffer.allocate(4096);
        try {
            while (channel.read(buffer.clear()) >= 0) {
                assertTrue(buffer.position() >= 0);
            }
        } catch (IOException e) {
            // Reset: the server closed with something unread.
            assertTrue(e.getMessage().contains("reset"), e.getMessage());
        }
    }

    @Test
    void aClientThatGoesInTheMiddleIsForgotten() throws IOException {
        for (int i = 0; i < 2 * ControlServer.CONNECTIONS_MAX; i++) {
            try (SocketChannel channel = rawConnection()) {
                channel.write(ByteBuffer.wrap(new byte[] {0, 0, 1, 0, '{'}));
            }
        }
        assertServesSoon();
    }

    @Test
    void oneWhoIsSlowDoesNotHoldUpOthers() throws IOException {
        try (SocketChannel silent = rawConnection();
                ControlClient slow = connect()) {
            slow.send("slow", Message.empty(), List.of());
            assertServes();
            assertTrue(silent.isConnected());
            gate.countDown();
            assertTrue(slow.await().isEmpty());
        }
    }

    @Test
    void oneWhoSaysNothingIsSentAway() throws IOException {
        try (SocketChannel silent = rawConnection()) {
            assertEquals(-1, silent.read(ByteBuffer.allocate(1)));
        }
    }

    @Test
    void thereAreOnlySoManyAtATime() throws IOException {
        List<SocketChannel> silent = new ArrayList<>();
        try {
            for (int i = 0; i < ControlServer.CONNECTIONS_MAX; i++) {
                silent.add(rawConnection());
            }
            try (ControlClient oneTooMany = connect()) {
                SandboxException e =
                        assertThrows(
                                SandboxException.class,
                                () -> oneTooMany.ask("echo", Message.empty()));
                assertEquals(ErrorCode.SANDBOX_BUSY, e.code());
            }
        } finally {
            for (SocketChannel channel : silent) {
                channel.close();
            }
        }
        assertServesSoon();
    }

    @Test
    void howeverManyWaitThereIsRoomForOthers() throws InterruptedException {
        List<ControlClient> waiting = new ArrayList<>();
        try {
            for (int i = 0; i < ControlServer.LASTING_MAX; i++) {
                ControlClient client = connect();
                waiting.add(client);
                client.send("slow", Message.empty(), List.of());
            }
            begun.acquire(ControlServer.LASTING_MAX);
            try (ControlClient oneTooMany = connect()) {
                SandboxException e =
                        assertThrows(
                                SandboxException.class,
                                () -> oneTooMany.ask("slow", Message.empty()));
                assertEquals(ErrorCode.SANDBOX_BUSY, e.code());
                assertFalse(e.remedy().isEmpty());
            }
            assertServes();
        } finally {
            gate.countDown();
            waiting.forEach(ControlClient::close);
        }
    }

    /** The server has yet to see who has gone. */
    private void assertServesSoon() {
        while (true) {
            try {
                assertServes();
                return;
            } catch (SandboxException e) {
                assertEquals(ErrorCode.SANDBOX_BUSY, e.code());
            }
        }
    }

    @Test
    void closingSendsAwayWhoHasNotAskedAndAnswersWhoHas() throws Exception {
        try (SocketChannel silent = rawConnection();
                ControlClient slow = connect()) {
            slow.send("slow", Message.empty(), List.of());
            assertServes();
            Thread closer = Thread.ofPlatform().start(server::close);
            assertEquals(-1, silent.read(ByteBuffer.allocate(1)));
            gate.countDown();
            assertTrue(slow.next().isPresent());
            closer.join();
        }
        assertThrows(SandboxException.class, this::connect);
    }

    @Test
    void aSandboxThatIsGoneIsTold() {
        server.close();
        listener.close();
        assertEquals(
                ErrorCode.SANDBOX_STOPPED,
                assertThrows(SandboxException.class, this::connect).code());
        directory.write(directory.state().stopped(OptionalInt.of(3)));
        assertEquals(
                ErrorCode.SANDBOX_STOPPED,
                assertThrows(SandboxException.class, this::connect).code());
    }

    @Test
    void oneThatDoesNotAnswerIsNotWaitedForForEver() throws IOException {
        server.close();
        listener.close();
        Files.delete(directory.path().resolve(SandboxDirectory.SOCKET));
        listener =
                new SocketCalls(HOST).listen(directory.path().toString(), SandboxDirectory.SOCKET);
        try (ControlClient client = ControlClient.connect(HOST, directory, 100)) {
            assertSilent(() -> client.ask("ps", Message.empty()));
        }
        List<ControlClient> waiting = new ArrayList<>();
        try {
            // Until there is no room for another one whom nobody takes.
            assertSilent(() -> {
                while (true) {
                    waiting.add(ControlClient.connect(HOST, directory, 100));
                }
            });
        } finally {
            waiting.forEach(ControlClient::close);
        }
    }

    private static void assertSilent(Executable action) {
        SandboxException e = assertThrows(SandboxException.class, action);
        assertEquals(ErrorCode.CONTROL_BROKEN, e.code());
        assertEquals("the sandbox 'a' does not answer", e.getMessage());
        assertTrue(e.remedy().contains("plinth delete --force a"), e.remedy());
    }

    @Test
    void whatLastsIsWaitedFor() throws Exception {
        try (ControlClient client = ControlClient.connect(HOST, directory, 100)) {
            client.send("slow", Message.empty(), List.of());
            begun.acquire();
            Thread opener =
                    Thread.ofPlatform()
                            .start(() -> {
                                LockSupport.parkNanos(300_000_000);
                                gate.countDown();
                            });
            assertTrue(client.await().isEmpty());
            opener.join();
        }
    }

    @Test
    void anotherUserIsRefused() throws IOException {
        server.close();
        listener.close();
        Files.delete(directory.path().resolve(SandboxDirectory.SOCKET));
        listen(new Stranger());
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> client.ask("echo", Message.empty()));
            assertEquals(ErrorCode.CONTROL_REFUSED, e.code());
        }
        assertFalse(Files.notExists(directory.path()));
    }

    @Test
    void oneWhoseDescriptorsThereIsNoRoomForIsToldSo() throws IOException {
        server.close();
        listener.close();
        Files.delete(directory.path().resolve(SandboxDirectory.SOCKET));
        listen(new Exhausted());
        try (ControlClient client = connect()) {
            SandboxException e =
                    assertThrows(SandboxException.class, () -> client.ask("echo", Message.empty()));
            assertEquals(ErrorCode.HOST_EXHAUSTED, e.code());
            assertTrue(e.remedy().contains("ulimit -n"), e.remedy());
        }
    }

    @Test
    void whoComesJustBeforeTheEndSeesTheEndAndNoRefusal() throws Exception {
        server.close();
        listener.close();
        Files.delete(directory.path().resolve(SandboxDirectory.SOCKET));
        Slow host = new Slow();
        listen(host);
        try (ControlClient client = connect()) {
            client.send("slow", Message.empty(), List.of());
            host.accepted.await();
            server.close();
            assertEquals(Optional.empty(), client.next());
        }
    }

    /** A host on which no descriptor can be received any more. */
    private static final class Exhausted extends OtherHost {
        private static final long SYS_RECVMSG = 47;
        private static final int MSG_CTRUNC = 8;

        @Override
        public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
            long result = HOST.syscall(number, a0, a1, a2, a3, a4, a5);
            if (number == SYS_RECVMSG) {
                // SAFETY: the caller has a struct msghdr there.
                MemorySegment.ofAddress(a1)
                        .reinterpret(56)
                        .set(ValueLayout.JAVA_INT, 48, MSG_CTRUNC);
            }
            return result;
        }
    }

    /** A host on which who connects is noticed only when nobody listens any more. */
    private static final class Slow extends OtherHost {
        private static final long SYS_SHUTDOWN = 48;
        private static final long SYS_ACCEPT4 = 288;

        private final CountDownLatch accepted = new CountDownLatch(1);
        private final CountDownLatch closing = new CountDownLatch(1);

        @Override
        public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
            long result = HOST.syscall(number, a0, a1, a2, a3, a4, a5);
            if (number == SYS_SHUTDOWN) {
                closing.countDown();
            } else if (number == SYS_ACCEPT4 && !Errno.isError(result)) {
                accepted.countDown();
                try {
                    closing.await();
                } catch (InterruptedException e) {
                    throw new IllegalStateException(e);
                }
            }
            return result;
        }
    }

    /** A host on which everyone who connects is another user. */
    private static final class Stranger extends OtherHost {
        private static final long SYS_GETSOCKOPT = 55;
        private static final long SO_PEERCRED = 17;
        private static final int UID = 4321;

        @Override
        public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
            long result = HOST.syscall(number, a0, a1, a2, a3, a4, a5);
            if (number == SYS_GETSOCKOPT && a2 == SO_PEERCRED) {
                // SAFETY: the caller has room for a struct ucred there.
                MemorySegment.ofAddress(a3).reinterpret(12).set(ValueLayout.JAVA_INT, 4, UID);
            }
            return result;
        }
    }

    /** This host but for some system calls. */
    private abstract static class OtherHost implements HostKernel {
        @Override
        public int spawn(SpawnRequest request) {
            return HOST.spawn(request);
        }

        @Override
        public void installNoOpHandler(Signal signal) {
            HOST.installNoOpHandler(signal);
        }

        @Override
        public HostMemory map(HostFd file, long offset, long length, AccessType access) {
            return HOST.map(file, offset, length, access);
        }
    }

    @Test
    void anAnswerIsWaitedForAsLongAsItIsRead() throws Exception {
        try (ControlClient client = connect();
                Arena arena = Arena.ofConfined()) {
            MemorySegment pipe = arena.allocate(ValueLayout.JAVA_INT, 2);
            HOST.require("pipe2", SYS_PIPE2, pipe.address(), 0);
            HostFd reader = new HostFd(HOST, pipe.getAtIndex(ValueLayout.JAVA_INT, 0));
            try (HostFd writer = new HostFd(HOST, pipe.getAtIndex(ValueLayout.JAVA_INT, 1))) {
                client.send("slow", Message.empty(), List.of());
                begun.acquire();
                Thread closer = Thread.ofPlatform().start(() -> closeLater(reader));
                assertEquals(Optional.empty(), client.nextWhileRead(writer.number()));
                closer.join();
                gate.countDown();
                // What has come is passed on first.
                Optional<Message> answer = Optional.empty();
                while (answer.isEmpty()) {
                    answer = client.nextWhileRead(writer.number());
                }
                assertEquals(Message.empty().json(), answer.get().json());
            }
        }
    }

    private static void closeLater(HostFd fd) {
        LockSupport.parkNanos(100_000_000);
        fd.close();
    }
}
