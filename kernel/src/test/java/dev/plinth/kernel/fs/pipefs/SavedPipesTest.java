package dev.plinth.kernel.fs.pipefs;

import static dev.plinth.kernel.errno.ErrnoAssertions.assertErrno;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.PipeState;
import dev.plinth.kernel.task.SavedAndRestored;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.SignalOwner;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.linux.Fcntl;
import dev.plinth.kernel.vfs.linux.Poll;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/** Pipes that were saved answer as before. */
@Timeout(60)
final class SavedPipesTest {
    private static final Credentials SOMEONE = Credentials.ofUser(7, 8, List.of());
    private static final int PAGE = 4096;
    private static final int CAPACITY = 16 * PAGE;

    private final TestingFiles testing = new TestingFiles();
    private final SavedAndRestored before = new SavedAndRestored(testing);

    @AfterEach
    void close() {
        testing.close();
    }

    private PipeFs.Ends pipe(int flags) {
        return before.pipes.newPipe(flags, SOMEONE);
    }

    private static void close(PipeFs.Ends ends) {
        ends.reading().close();
        ends.writing().close();
    }

    private static long write(FileDescription file, String text) {
        return write(file, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static long write(FileDescription file, byte[] bytes) {
        return file.write(IoBuffer.of(bytes));
    }

    private static String read(FileDescription file, int most) {
        return new String(readBytes(file, most), StandardCharsets.US_ASCII);
    }

    private static byte[] readBytes(FileDescription file, int most) {
        byte[] bytes = new byte[most];
        return Arrays.copyOf(bytes, (int) file.read(IoBuffer.of(bytes)));
    }

    @Test
    void bytesStayInTheirOrderAndBothEndsWork() {
        PipeFs.Ends ends = pipe(0);
        write(ends.writing(), "lost, for it was read");
        read(ends.reading(), 21);
        write(ends.writing(), "one ");
        write(ends.writing(), "two");
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            FileDescription reading = after.files.getFirst();
            FileDescription writing = after.files.getLast();
            assertEquals(3, write(writing, "six"));
            assertEquals("one twosix", read(reading, 100));
            assertErrno(Errno.EAGAIN, () -> read(reading, 1));
            writing.close();
            assertEquals("", read(reading, 1));
        }
        close(ends);
    }

    @Test
    void theFileIsTheSameToStat() {
        PipeFs.Ends ends = pipe(0);
        ends.reading().inode().setPermissions(0640);
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            assertEquals(ends.reading().stat(), after.files.getFirst().stat());
            assertEquals(after.files.getFirst().inode(), after.files.getLast().inode());
            assertEquals(
                    ends.writing().location().dentry().name(),
                    after.files.getLast().location().dentry().name());
            PipeFs.Ends another = after.pipes.newPipe(0, SOMEONE);
            assertEquals(ends.reading().stat().device(), another.reading().stat().device());
            assertFalse(
                    another.reading().stat().inode() == ends.reading().stat().inode(),
                    "a number is given again");
            assertEquals(
                    another.reading().location().mount(),
                    after.files.getFirst().location().mount());
            close(another);
        }
        close(ends);
    }

    @Test
    void flagsAndOwnersOfSignalsStay() {
        PipeFs.Ends ends = pipe(Fcntl.O_NONBLOCK);
        SignalOwner owner = SignalOwner.ofNumber(-42).withSignal(10);
        ends.writing().setSignalOwner(owner);
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            assertEquals(ends.reading().flags(), after.files.getFirst().flags());
            assertEquals(ends.writing().flags(), after.files.getLast().flags());
            assertEquals(owner, after.files.getLast().signalOwner());
            assertEquals(SignalOwner.NONE, after.files.getFirst().signalOwner());
        }
        close(ends);
    }

    @Test
    void anEndThatIsSharedStaysShared() {
        PipeFs.Ends ends = pipe(0);
        try (SavedAndRestored after = before.next(ends.writing(), ends.writing(), ends.reading())) {
            assertSame(after.files.get(0), after.files.get(1));
            after.files.get(0).retain();
            after.files.get(0).close();
            assertErrno(Errno.EAGAIN, () -> read(after.files.get(2), 1));
        }
        close(ends);
    }

    @Test
    void packetsKeepTheirBoundaries() {
        PipeFs.Ends ends = pipe(Fcntl.O_DIRECT);
        write(ends.writing(), "first");
        write(ends.writing(), "second");
        ends.writing().setFlags(0);
        write(ends.writing(), "plain");
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            FileDescription reading = after.files.getFirst();
            write(after.files.getLast(), "ly");
            assertEquals("fir", read(reading, 3));
            assertEquals("second", read(reading, 100));
            assertEquals("plainly", read(reading, 100));
        }
        close(ends);
    }

    @Test
    void aFullPipeStaysFullUntilAPageIsRead() {
        PipeFs.Ends ends = pipe(0);
        byte[] noise = new byte[CAPACITY];
        new Random(3).nextBytes(noise);
        assertEquals(CAPACITY, write(ends.writing(), noise));
        readBytes(ends.reading(), 100);
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            FileDescription reading = after.files.getFirst();
            FileDescription writing = after.files.getLast();
            assertErrno(Errno.EAGAIN, () -> write(writing, new byte[1]));
            assertEquals(0, writing.ready(Poll.POLLOUT));
            assertArrayEquals(Arrays.copyOfRange(noise, 100, PAGE), readBytes(reading, PAGE - 100));
            assertEquals(Poll.POLLOUT, writing.ready(Poll.POLLOUT));
            assertEquals(PAGE, write(writing, new byte[2 * PAGE]));
            assertArrayEquals(
                    Arrays.copyOfRange(noise, PAGE, CAPACITY), readBytes(reading, CAPACITY - PAGE));
        }
        close(ends);
    }

    @Test
    void aLastPageThatHasRoomIsFilledUpJustAsBefore() {
        PipeFs.Ends ends = pipe(0);
        ((PipeDescription) ends.writing()).setCapacity(PAGE, false);
        write(ends.writing(), new byte[PAGE - 10]);
        readBytes(ends.reading(), PAGE - 20);
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            FileDescription writing = after.files.getLast();
            assertErrno(Errno.EAGAIN, () -> write(writing, new byte[11]));
            assertEquals(10, write(writing, new byte[10]));
            assertEquals(20, readBytes(after.files.getFirst(), 100).length);
        }
        close(ends);
    }

    @Test
    void howMuchFitsStays() {
        PipeFs.Ends ends = pipe(0);
        ((PipeDescription) ends.writing()).setCapacity(1 << 20, false);
        try (SavedAndRestored after = before.next(ends.reading(), ends.writing())) {
            assertEquals(1 << 20, ((PipeDescription) after.files.getFirst()).capacity());
            assertEquals(1 << 20, write(after.files.getLast(), new byte[2 << 20]));
        }
        close(ends);
    }

    @Test
    void whatAllPipesTogetherHoldIsCountedOn() {
        PipeFs.Ends ends = pipe(0);
        SavedAndRestored after = before.next(ends.reading(), ends.writing());
        int more = howManyFit(after.pipes);
        after.close();
        assertEquals(more + 1, howManyFit(after.pipes));
        close(ends);
    }

    private static int howManyFit(PipeFs pipes) {
        List<PipeFs.Ends> open = new ArrayList<>();
        assertErrno(
                Errno.ENFILE,
                () -> {
                    while (true) {
                        open.add(pipes.newPipe(0, SOMEONE));
                    }
                });
        open.forEach(SavedPipesTest::close);
        return open.size();
    }

    @Test
    void anEndWithoutTheOtherIsToldSo() {
        PipeFs.Ends ends = pipe(0);
        write(ends.writing(), "left");
        ends.writing().close();
        PipeFs.Ends others = pipe(0);
        others.reading().close();
        try (SavedAndRestored after = before.next(ends.reading(), others.writing())) {
            assertEquals("left", read(after.files.getFirst(), 100));
            assertEquals("", read(after.files.getFirst(), 100));
            assertEquals(Poll.POLLHUP, after.files.getFirst().ready(Poll.POLLIN));
            assertErrno(Errno.EPIPE, () -> write(after.files.getLast(), "x"));
        }
        ends.reading().close();
        others.writing().close();
    }

    @Test
    void pagesThatTwoPipesShareAreInBoth() {
        PipeFs.Ends from = pipe(0);
        PipeFs.Ends to = pipe(0);
        write(from.writing(), "both");
        ((PipeDescription) from.reading()).copyTo((PipeDescription) to.writing(), 100);
        try (SavedAndRestored after =
                before.next(from.reading(), from.writing(), to.reading(), to.writing())) {
            write(after.files.get(1), "1");
            write(after.files.get(3), "2");
            assertEquals("both1", read(after.files.get(0), 100));
            assertEquals("both2", read(after.files.get(2), 100));
        }
        close(from);
        close(to);
    }

    @Test
    void savingTwiceGivesTheSame() {
        PipeFs.Ends ends = pipe(Fcntl.O_DIRECT);
        write(ends.writing(), "first");
        try (SavedAndRestored once = before.next(ends.reading(), ends.writing());
                SavedAndRestored twice = once.next(once.files.getFirst(), once.files.getLast())) {
            assertEquals(ends.reading().stat(), twice.files.getFirst().stat());
            assertEquals("first", read(twice.files.getFirst(), 100));
            assertEquals("first", read(once.files.getFirst(), 100));
        }
        close(ends);
    }

    private void assertRefused(Consumer<PipeState.Builder> change) {
        PipeFs.Ends ends = pipe(0);
        write(ends.writing(), "bytes");
        UnaryOperator<ObjectState> hostile =
                object -> {
                    if (!object.hasPipe()) {
                        return object;
                    }
                    ObjectState.Builder changed = object.toBuilder();
                    change.accept(changed.getPipeBuilder());
                    return changed.build();
                };
        assertThrows(
                ImageCorruptException.class,
                () -> before.next(hostile, ends.reading(), ends.writing()));
        close(ends);
    }

    @Test
    void whatNoPipeCanBeIsRefused() {
        assertRefused(pipe -> pipe.setSlots(0));
        assertRefused(pipe -> pipe.setSlots(-1));
        assertRefused(pipe -> pipe.setSlots(Integer.MAX_VALUE));
        assertRefused(pipe -> pipe.setSlots(1).addPages(pipe.getPages(0)));
        assertRefused(pipe -> pipe.getPagesBuilder(0).setOffset(-1));
        assertRefused(pipe -> pipe.getPagesBuilder(0).setOffset(PAGE));
        assertRefused(pipe -> pipe.getPagesBuilder(0).setData(ByteString.EMPTY));
        assertRefused(
                pipe -> pipe.getPagesBuilder(0).setData(ByteString.copyFrom(new byte[PAGE + 1])));
        assertRefused(pipe -> pipe.setPipeFsRef(0));
        assertRefused(pipe -> pipe.setPipeFsRef(1));
    }
}
