package dev.plinth.kernel.fd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.SavedState;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.VfsSubsystemState;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.Vfs;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Fs;

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
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

@Timeout(60)
final class RestoredHostFilesTest {
    private static final long SYS_DUP = 32;
    private static final long SYS_OPENAT = 257;
    private static final long SYS_PIPE2 = 293;
    private static final FdRole IN = FdRole.STDIN;
    private static final FdRole OUT = FdRole.STDOUT;
    private static final FdRole ERR = FdRole.STDERR;

    @TempDir Path directory;

    private final TestingFiles files = new TestingFiles();
    private final HostFiles hostFiles = new HostFiles(files.host, files.numbers);
    private final List<AutoCloseable> closing = new ArrayList<>();

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : closing.reversed()) {
            each.close();
        }
        files.close();
    }

    private HostFd open(String path, int flags) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path).address();
            long fd =
                    files.host.require(
                            "open",
                            SYS_OPENAT,
                            Fcntl.AT_FDCWD,
                            name,
                            flags | Fcntl.O_CLOEXEC,
                            0600);
            return new HostFd(files.host, (int) fd);
        }
    }

    private HostFd file(String name, int flags) {
        return open(directory.resolve(name).toString(), flags | Fcntl.O_CREAT);
    }

    /** The side of a pipe that is written; the other one is closed with the test. */
    private HostFd pipe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(8, 4);
            files.host.require("pipe2", SYS_PIPE2, ends.address(), Fcntl.O_CLOEXEC);
            closing.add(new HostFd(files.host, ends.get(ValueLayout.JAVA_INT, 0)));
            return new HostFd(files.host, ends.get(ValueLayout.JAVA_INT, 4));
        }
    }

    private HostFd duplicate(HostFd fd) {
        return new HostFd(files.host, (int) files.host.require("dup", SYS_DUP, fd.number()));
    }

    private Map<FdRole, FileDescription> imported(Map<FdRole, HostFd> donated) {
        Map<FdRole, FileDescription> imported = hostFiles.importAll(new LinkedHashMap<>(donated));
        closing.addAll(imported.values());
        return imported;
    }

    private SavedState save(FileDescription... open) {
        return SavedState.save(writer -> {
            List.of(open).forEach(writer::reference);
            return KernelState.newBuilder()
                    .setFiles(
                            VfsSubsystemState.newBuilder()
                                    .setInodeNumbersRef(writer.reference(files.numbers))
                                    .setHostFilesRef(writer.reference(hostFiles)));
        });
    }

    /** Restores the open files that were saved, in the order in which they were given. */
    private List<FileDescription> restore(SavedState saved, int count, Map<FdRole, HostFd> given) {
        Restorers restorers = new Restorers();
        Vfs.restoring(restorers);
        AnonymousFs.restoring(restorers);
        HostFiles.restoring(restorers, files.host, given);
        try (StateReader reader = saved.reader(restorers, files.memory)) {
            List<FileDescription> restored = new ArrayList<>();
            for (int number = 1; number <= count; number++) {
                restored.add(reader.get(number, FileDescription.class));
            }
            reader.linkAll();
            restored.forEach(file -> closing.add(file.retain()));
            return restored;
        } catch (SandboxException e) {
            given.values().forEach(HostFd::close);
            throw e;
        }
    }

    private static void assertRefused(ErrorCode code, String inMessage, Runnable restore) {
        SandboxException e = assertThrows(SandboxException.class, restore::run);
        assertEquals(code, e.code());
        assertTrue(e.getMessage().contains(inMessage), e.getMessage());
        assertFalse(e.remedy().isEmpty());
    }

    private static String read(FileDescription file, int length) {
        byte[] bytes = new byte[length];
        long count = file.read(IoBuffer.of(bytes));
        return new String(bytes, 0, (int) count, StandardCharsets.UTF_8);
    }

    private static void write(FileDescription file, String text) {
        file.write(IoBuffer.of(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static void assertSameNumbers(FileStat before, FileStat after) {
        assertEquals(before.device(), after.device());
        assertEquals(before.inode(), after.inode());
    }

    @Test
    void filesKeepTheirNumbersWhateverIsGivenNext() {
        Map<FdRole, FileDescription> before =
                imported(
                        Map.of(
                                IN, open("/dev/null", Fcntl.O_RDONLY),
                                OUT, file("out", Fcntl.O_WRONLY),
                                ERR, pipe()));
        SavedState saved = save(before.get(IN), before.get(OUT), before.get(ERR));
        assertEquals(List.of(IN, OUT, ERR), saved.roles());
        List<FileDescription> after =
                restore(
                        saved,
                        3,
                        Map.of(
                                IN, file("in", Fcntl.O_RDONLY),
                                OUT, pipe(),
                                ERR, open("/dev/null", Fcntl.O_WRONLY)));
        assertSameNumbers(before.get(IN).stat(), after.get(0).stat());
        assertSameNumbers(before.get(OUT).stat(), after.get(1).stat());
        assertSameNumbers(before.get(ERR).stat(), after.get(2).stat());
        assertEquals(FileType.REGULAR, after.get(0).stat().type());
        assertEquals(FileType.FIFO, after.get(1).stat().type());
        assertEquals(before.get(ERR).flags(), after.get(2).flags());
    }

    @Test
    void oneOpenFileStaysOne() throws IOException {
        HostFd out = file("out", Fcntl.O_WRONLY);
        Map<FdRole, FileDescription> before = imported(Map.of(OUT, out, ERR, duplicate(out)));
        assertSame(before.get(OUT), before.get(ERR));
        SavedState saved = save(before.get(OUT));
        assertEquals(List.of(OUT, ERR), saved.roles());
        HostFd next = file("next", Fcntl.O_WRONLY);
        List<FileDescription> after = restore(saved, 1, Map.of(OUT, next, ERR, duplicate(next)));
        assertSameNumbers(before.get(ERR).stat(), after.get(0).stat());
        write(after.get(0), "text");
        assertEquals("text", Files.readString(directory.resolve("next")));
    }

    @Test
    void oneFileThatWouldBecomeTwoIsRefused() {
        HostFd out = pipe();
        Map<FdRole, FileDescription> before = imported(Map.of(OUT, out, ERR, duplicate(out)));
        SavedState saved = save(before.get(OUT), before.get(ERR));
        assertRefused(
                ErrorCode.IMAGE_ROLES_DIFFER,
                "stdio/1 and stdio/2",
                () -> restore(saved, 1, Map.of(OUT, pipe(), ERR, pipe())));
    }

    @Test
    void filesThatBecomeOneKeepTheirNumbers() {
        Map<FdRole, FileDescription> before = imported(Map.of(OUT, pipe(), ERR, pipe()));
        HostFd one = pipe();
        List<FileDescription> after =
                restore(
                        save(before.get(OUT), before.get(ERR)),
                        2,
                        Map.of(OUT, one, ERR, duplicate(one)));
        assertSameNumbers(before.get(OUT).stat(), after.get(0).stat());
        assertSameNumbers(before.get(ERR).stat(), after.get(1).stat());
        assertNotEquals(after.get(0).stat().inode(), after.get(1).stat().inode());
    }

    @Test
    void aRoleThatIsMissingIsNamed() {
        Map<FdRole, FileDescription> before = imported(Map.of(OUT, pipe(), ERR, pipe()));
        SavedState saved = save(before.get(OUT), before.get(ERR));
        assertRefused(
                ErrorCode.IMAGE_ROLE_MISSING,
                "stdio/2 (stderr)",
                () -> restore(saved, 2, Map.of(OUT, pipe())));
    }

    @Test
    void aRoleThatWasClosedIsNotNeeded() {
        Map<FdRole, FileDescription> before = imported(Map.of(OUT, pipe(), ERR, pipe()));
        SavedState saved = save(before.get(ERR));
        assertEquals(List.of(ERR), saved.roles());
        assertSameNumbers(
                before.get(ERR).stat(), restore(saved, 1, Map.of(ERR, pipe())).get(0).stat());
    }

    @Test
    void aFileOpenedByWayOfAnotherNeedsItsRole() {
        Map<FdRole, FileDescription> before =
                imported(Map.of(OUT, file("out", Fcntl.O_RDWR), ERR, pipe()));
        FileDescription out = before.get(OUT);
        FileDescription again = out.inode().open(out.location(), Fcntl.O_RDWR);
        closing.add(again);
        write(again, "12345");
        SavedState saved = save(again);
        assertEquals(List.of(OUT), saved.roles());
        HostFd next = file("out", Fcntl.O_RDWR);
        closing.add(next);
        FileDescription after = restore(saved, 1, Map.of(OUT, next)).get(0);
        assertNotSame(next, ((HostFileDescription) after).fd());
        assertSameNumbers(again.stat(), after.stat());
        assertEquals(5, after.seek(0, Fs.SEEK_CUR));
    }

    @Test
    void inputGoesOnWhereItStood() throws IOException {
        Files.writeString(directory.resolve("in"), "onetwo");
        FileDescription before = imported(Map.of(IN, file("in", Fcntl.O_RDONLY))).get(IN);
        assertEquals("one", read(before, 3));
        List<FileDescription> after =
                restore(save(before), 1, Map.of(IN, file("in", Fcntl.O_RDONLY)));
        assertEquals("two", read(after.get(0), 10));
    }

    @Test
    void outputToAnotherFileBeginsWithoutAHole() throws IOException {
        FileDescription before = imported(Map.of(OUT, file("out", Fcntl.O_WRONLY))).get(OUT);
        write(before, "one");
        List<FileDescription> after =
                restore(save(before), 1, Map.of(OUT, file("next", Fcntl.O_WRONLY)));
        write(after.get(0), "two");
        assertEquals("two", Files.readString(directory.resolve("next")));
    }

    @Test
    void flagsAreTheSandboxsOwn() {
        FileDescription before = imported(Map.of(OUT, file("out", Fcntl.O_WRONLY))).get(OUT);
        before.setFlags(Fcntl.O_APPEND | Fcntl.O_NONBLOCK);
        HostFd next = file("next", Fcntl.O_WRONLY);
        FileDescription after = restore(save(before), 1, Map.of(OUT, next)).get(0);
        assertEquals(before.flags(), after.flags());
        long hostFlags = files.host.require("fcntl", 72, next.number(), Fcntl.F_GETFL);
        assertEquals(0, hostFlags & (Fcntl.O_APPEND | Fcntl.O_NONBLOCK));
    }

    @Test
    void aTerminalMayBecomeAPipeAndBack() {
        FileDescription terminal = imported(Map.of(OUT, terminal())).get(OUT);
        assertTrue(hostFiles.terminalFile(1).isPresent());
        FileDescription pipe = restore(save(terminal), 1, Map.of(OUT, pipe())).get(0);
        assertSameNumbers(terminal.stat(), pipe.stat());
        assertEquals(FileType.FIFO, pipe.stat().type());
        FileDescription again =
                restore(
                                SavedState.save(writer -> {
                                    writer.reference(pipe);
                                    return KernelState.newBuilder()
                                            .setFiles(
                                                    VfsSubsystemState.newBuilder()
                                                            .setInodeNumbersRef(
                                                                    writer.reference(
                                                                            files.numbers)));
                                }),
                                1,
                                Map.of(OUT, terminal()))
                        .get(0);
        assertSameNumbers(terminal.stat(), again.stat());
        assertTrue(((HostFileDescription) again).isTerminal());
    }

    @Test
    void aTerminalWhoseOtherEndIsGoneIsSavedWithoutItsSettings() throws Exception {
        HostFd master = openTerminal();
        FileDescription terminal = imported(Map.of(OUT, otherEnd(master))).get(OUT);
        master.close();
        FileDescription again = restore(save(terminal), 1, Map.of(OUT, terminal())).get(0);
        assertSameNumbers(terminal.stat(), again.stat());
        assertTrue(((HostFileDescription) again).isTerminal());
    }

    private HostFd terminal() {
        HostFd master = openTerminal();
        closing.add(master);
        return otherEnd(master);
    }

    private HostFd openTerminal() {
        HostFd master = open("/dev/ptmx", Fcntl.O_RDWR | Fcntl.O_NOCTTY);
        try (Arena arena = Arena.ofConfined()) {
            long zero = arena.allocate(4, 4).address();
            files.host.require("TIOCSPTLCK", 16, master.number(), 0x4004_5431, zero);
        }
        return master;
    }

    private HostFd otherEnd(HostFd master) {
        int flags = Fcntl.O_RDWR | Fcntl.O_NOCTTY;
        return new HostFd(
                files.host,
                (int) files.host.require("TIOCGPTPEER", 16, master.number(), 0x5441, flags));
    }

    @Test
    void aNumberThatWasNeverGivenIsDamage() {
        FileDescription before = imported(Map.of(OUT, pipe())).get(OUT);
        SavedState hostile =
                save(before)
                        .with(object ->
                                object.getKindCase() == ObjectState.KindCase.HOST_INODE
                                        ? object.toBuilder()
                                                .setHostInode(
                                                        object.getHostInode().toBuilder()
                                                                .setNumber(1L << 40))
                                                .build()
                                        : object);
        assertRefused(
                ErrorCode.IMAGE_CORRUPT, "number", () -> restore(hostile, 1, Map.of(OUT, pipe())));
    }
}
