package dev.plinth.kernel.fd;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.fd.linux.Ioctls;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.UserMemory;
import dev.plinth.kernel.vfs.WaitSet;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;
import dev.plinth.kernel.vfs.linux.Poll;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

@Timeout(60)
final class HostFilesTest {
    private static final long SYS_DUP = 32;
    private static final long SYS_OPENAT = 257;
    private static final long SYS_PIPE2 = 293;
    private static final FdRole IN = FdRole.STDIN;
    private static final FdRole OUT = FdRole.STDOUT;
    private static final FdRole ERR = FdRole.STDERR;

    @TempDir Path directory;

    private final TestingFiles files = new TestingFiles();
    private final HostFiles hostFiles = new HostFiles(files.host, files.numbers);

    @AfterEach
    void close() {
        files.close();
    }

    private HostFd open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path).address();
            long fd =
                    files.host.require(
                            "open", SYS_OPENAT, Fcntl.AT_FDCWD, name, flags | Fcntl.O_CLOEXEC);
            return new HostFd(files.host, (int) fd);
        }
    }

    private HostFd[] pipe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(8, 4);
            files.host.require("pipe2", SYS_PIPE2, ends.address(), Fcntl.O_CLOEXEC);
            return new HostFd[] {
                new HostFd(files.host, ends.get(ValueLayout.JAVA_INT, 0)),
                new HostFd(files.host, ends.get(ValueLayout.JAVA_INT, 4))
            };
        }
    }

    private HostFd duplicate(HostFd fd) {
        return new HostFd(files.host, (int) files.host.require("dup", SYS_DUP, fd.number()));
    }

    private FileDescription importOne(HostFd fd) {
        return hostFiles.importAll(Map.of(IN, fd)).get(IN);
    }

    private static IoBuffer bytes(String text) {
        return IoBuffer.of(text.getBytes(StandardCharsets.UTF_8));
    }

    private static String read(FileDescription file, int length) {
        byte[] bytes = new byte[length];
        long count = file.read(IoBuffer.of(bytes));
        return new String(bytes, 0, (int) count, StandardCharsets.UTF_8);
    }

    @Test
    void oneOpenFileOfTheHostStaysOne() throws IOException {
        Path path = Files.writeString(directory.resolve("file"), "x");
        HostFd file = open(path.toString(), Fcntl.O_RDWR);
        HostFd again = open(path.toString(), Fcntl.O_RDWR);
        Map<FdRole, HostFd> donated = new LinkedHashMap<>();
        donated.put(IN, file);
        donated.put(OUT, duplicate(file));
        donated.put(ERR, again);
        Map<FdRole, FileDescription> imported = hostFiles.importAll(donated);
        assertSame(imported.get(IN), imported.get(OUT));
        assertNotSame(imported.get(IN), imported.get(ERR));
        assertSame(imported.get(IN).inode(), imported.get(ERR).inode());
        assertEquals(imported.get(IN).stat(), imported.get(ERR).stat());
        imported.get(IN).close();
        assertTrue(file.isOpen());
        imported.get(OUT).close();
        assertFalse(file.isOpen());
        assertEquals(1, imported.get(ERR).inode().stat().size());
        imported.get(ERR).close();
    }

    @Test
    void theGuestSeesNumbersOfItsOwn() {
        HostFd[] ends = pipe();
        try (FileDescription in = importOne(ends[0]);
                HostFd out = ends[1]) {
            assertEquals(FileType.FIFO, in.stat().type());
            assertEquals(in.inode().number(), in.stat().inode());
            assertEquals(in.inode().fileSystem().device(), in.stat().device());
            assertEquals(
                    "pipe:[" + in.inode().number() + "]", in.location().dentry().name().toString());
            assertTrue(out.isOpen());
        }
    }

    @Test
    void anEmptyPipeSaysSoAndDoesNotBlock() {
        HostFd[] ends = pipe();
        Map<FdRole, FileDescription> both =
                hostFiles.importAll(new LinkedHashMap<>(Map.of(IN, ends[0], OUT, ends[1])));
        try (FileDescription in = both.get(IN)) {
            try (FileDescription out = both.get(OUT)) {
                assertErrno(Errno.EAGAIN, () -> read(in, 10));
                assertEquals(0, in.ready(Poll.POLLIN));
                assertEquals(Poll.POLLOUT, out.ready(Poll.POLLOUT));
                assertEquals(5, out.write(bytes("hello")));
                assertEquals(Poll.POLLIN, in.ready(Poll.POLLIN));
                assertEquals("hel", read(in, 3));
                assertEquals("lo", read(in, 10));
                assertErrno(Errno.ESPIPE, () -> in.seek(0, Fs.SEEK_CUR));
                assertErrno(Errno.ESPIPE, () -> in.readAt(bytes("xx"), 0));
            }
            assertEquals("", read(in, 10), "the end, once nobody can write any more");
            assertEquals(Poll.POLLHUP, in.ready(Poll.POLLIN));
        }
    }

    @Test
    void aFullPipeTakesWhatFitsAndDoesNotBlock() {
        HostFd[] ends = pipe();
        HostFd in = ends[0];
        try (FileDescription out = importOne(ends[1])) {
            IoBuffer source = IoBuffer.of(new byte[1 << 20]);
            long written = out.write(source);
            assertTrue(written > 0 && written < 1 << 20);
            assertEquals((1 << 20) - written, source.remaining());
            assertErrno(Errno.EAGAIN, () -> out.write(source));
            assertEquals(0, out.ready(Poll.POLLOUT));
            in.close();
            assertErrno(Errno.EPIPE, () -> out.write(source));
        }
    }

    @Test
    void aRegularFileHasTheHostsPosition() throws IOException {
        Path path = Files.writeString(directory.resolve("file"), "0123456789");
        HostFd fd = open(path.toString(), Fcntl.O_RDWR);
        files.host.require("lseek", 8, fd.number(), 4, Fs.SEEK_SET);
        try (FileDescription file = importOne(fd)) {
            assertEquals("45", read(file, 2));
            assertEquals(6, file.seek(0, Fs.SEEK_CUR));
            file.write(bytes("ab"));
            assertEquals(8, files.host.require("lseek", 8, fd.number(), 0, Fs.SEEK_CUR));
            file.writeAt(bytes("X"), 0);
            file.setFlags(Fcntl.O_APPEND);
            file.write(bytes("end"));
            assertEquals("X12345ab89end", Files.readString(path));
            long hostFlags = files.host.require("fcntl", 72, fd.number(), Fcntl.F_GETFL);
            assertEquals(0, hostFlags & Fcntl.O_APPEND, "the host's flags stay as they are");
            assertEquals(Poll.POLLIN, file.ready(Poll.POLLIN));
            // By way of /dev/stdin: a description of its own, that begins at the beginning.
            try (FileDescription again = file.inode().open(file.location(), Fcntl.O_RDONLY)) {
                assertEquals("X1", read(again, 2));
                assertEquals(file.stat().inode(), again.stat().inode());
            }
        }
    }

    @Test
    void reopeningGivesNoMoreRights() throws IOException {
        Path path = Files.writeString(directory.resolve("file"), "secret");
        try (FileDescription file = importOne(open(path.toString(), Fcntl.O_RDONLY))) {
            assertErrno(Errno.EACCES, () -> file.inode().open(file.location(), Fcntl.O_RDWR));
            assertErrno(Errno.EACCES, () -> file.inode().open(file.location(), Fcntl.O_WRONLY));
            assertErrno(Errno.EBADF, () -> file.write(bytes("x")));
        }
    }

    @Test
    void devNullIsAlwaysReady() {
        try (FileDescription file = importOne(open("/dev/null", Fcntl.O_RDWR))) {
            assertEquals("", read(file, 10));
            assertEquals(3, file.write(bytes("abc")));
            assertEquals(Poll.POLLIN | Poll.POLLOUT, file.ready(Poll.POLLIN | Poll.POLLOUT));
            assertErrno(Errno.ENOTTY, () -> file.ioctl(Ioctls.TCGETS, 0, new FakeMemory()));
            assertEquals(FileType.CHARACTER_DEVICE, file.stat().type());
        }
    }

    @Test
    void aTerminalAnswersWhatIsAllowedAndNothingElse() {
        try (HostFd master = open("/dev/ptmx", Fcntl.O_RDWR | Fcntl.O_NOCTTY)) {
            FakeMemory memory = new FakeMemory();
            unlock(master);
            long peer =
                    files.host.require(
                            "TIOCGPTPEER",
                            16,
                            master.number(),
                            0x5441,
                            Fcntl.O_RDWR | Fcntl.O_NOCTTY);
            try (FileDescription terminal = importOne(new HostFd(files.host, (int) peer))) {
                assertEquals(0, terminal.ioctl(Ioctls.TCGETS, 100, memory));
                assertEquals(Ioctls.TERMIOS_BYTES, memory.written);
                assertEquals(0, terminal.ioctl(Ioctls.TCSETS, 100, memory));
                assertEquals(0, terminal.ioctl(Ioctls.TIOCGWINSZ, 100, memory));
                terminal.ioctl(Ioctls.TIOCGPGRP, 100, memory);
                assertEquals(1, memory.bytes.get(ValueLayout.JAVA_INT_UNALIGNED, 0));
                int typeForTheUser = 0x5412;
                assertErrno(Errno.ENOTTY, () -> terminal.ioctl(typeForTheUser, 100, memory));
                assertErrno(Errno.EAGAIN, () -> read(terminal, 10));
                assertEquals(6, terminal.write(bytes("prompt")));
                assertErrno(Errno.ESPIPE, () -> terminal.seek(0, Fs.SEEK_CUR));
                try (WaitSet set = new WaitSet(() -> {})) {
                    terminal.watch(Poll.POLLIN, set);
                    assertEquals(1, set.hostWaits().size());
                }
                write(master, "line\n");
                assertEquals("line\n", read(terminal, 10));
            }
        }
    }

    private void unlock(HostFd master) {
        try (Arena arena = Arena.ofConfined()) {
            long zero = arena.allocate(4, 4).address();
            files.host.require("TIOCSPTLCK", 16, master.number(), 0x4004_5431, zero);
        }
    }

    private void write(HostFd fd, String text) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment string = arena.allocateFrom(text);
            files.host.require("write", 1, fd.number(), string.address(), text.length());
        }
    }

    @Test
    void filesOfTheHostThatAreDifferentHaveDifferentNumbers() {
        HostFd[] one = pipe();
        HostFd[] two = pipe();
        Map<FdRole, FileDescription> imported =
                hostFiles.importAll(new LinkedHashMap<>(Map.of(IN, one[0], OUT, two[0])));
        assertNotEquals(imported.get(IN).inode().number(), imported.get(OUT).inode().number());
        imported.values().forEach(FileDescription::close);
        one[1].close();
        two[1].close();
    }

    /** A caller's memory of one place. */
    private static final class FakeMemory implements UserMemory {
        private final MemorySegment bytes = MemorySegment.ofArray(new byte[64]);
        private long written;

        @Override
        public void copyIn(long address, MemorySegment to) {
            to.copyFrom(bytes.asSlice(0, to.byteSize()));
        }

        @Override
        public void copyOut(long address, MemorySegment from) {
            bytes.asSlice(0, from.byteSize()).copyFrom(from);
            written = from.byteSize();
        }
    }
}
