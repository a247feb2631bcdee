package dev.plinth.kernel.task;

import dev.plinth.kernel.eventfd.EventCounter;
import dev.plinth.kernel.fs.pipefs.PipeFs;
import dev.plinth.kernel.net.UnixSockets;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.SavedState;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.IpcSubsystemState;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.VfsSubsystemState;
import dev.plinth.kernel.vfs.AnonInodeFs;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.TestingFiles;
import dev.plinth.kernel.vfs.Vfs;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/** Files without a name of a sandbox that was saved and restored, for tests. */
public final class SavedAndRestored implements AutoCloseable {
    private final TestingFiles testing;

    /** Makes pipes. */
    public final PipeFs pipes;

    /** Makes sockets. */
    public final UnixSockets sockets;

    /** Has places for eventfds. */
    public final AnonInodeFs anonymous;

    /** Gives numbers. */
    public final InodeNumbers numbers;

    /** The open files, in the order in which they were given; each with one reference. */
    public final List<FileDescription> files;

    /** A sandbox that was never saved, with no open files. */
    public SavedAndRestored(TestingFiles testing) {
        this(
                testing,
                new PipeFs(testing.numbers, testing.clock),
                new UnixSockets(testing.numbers, testing.clock),
                new AnonInodeFs(testing.numbers, Instant.EPOCH),
                testing.numbers,
                List.of());
    }

    private SavedAndRestored(
            TestingFiles testing,
            PipeFs pipes,
            UnixSockets sockets,
            AnonInodeFs anonymous,
            InodeNumbers numbers,
            List<FileDescription> files) {
        this.testing = testing;
        this.pipes = pipes;
        this.sockets = sockets;
        this.anonymous = anonymous;
        this.numbers = numbers;
        this.files = files;
    }

    /** Saves open files, and restores them into another sandbox. */
    public SavedAndRestored next(FileDescription... open) {
        return next(UnaryOperator.identity(), open);
    }

    /** The same, with what was saved changed in between as somebody hostile would. */
    public SavedAndRestored next(UnaryOperator<ObjectState> change, FileDescription... open) {
        SavedState saved =
                SavedState.save(writer -> {
                    List.of(open).forEach(writer::reference);
                    return KernelState.newBuilder()
                            .setFiles(
                                    VfsSubsystemState.newBuilder()
                                            .setInodeNumbersRef(writer.reference(numbers)))
                            .setIpc(
                                    IpcSubsystemState.newBuilder()
                                            .setPipeFsRef(writer.reference(pipes))
                                            .setUnixSocketsRef(writer.reference(sockets))
                                            .setAnonInodeFsRef(writer.reference(anonymous)));
                });
        Restorers restorers = new Restorers();
        Vfs.restoring(restorers);
        AnonymousFs.restoring(restorers);
        AnonInodeFs.restoring(restorers);
        PipeFs.restoring(restorers, testing.clock);
        UnixSockets.restoring(restorers, testing.clock);
        EventCounter.restoring(restorers);
        try (StateReader reader = saved.with(change).reader(restorers, testing.memory)) {
            IpcSubsystemState state = reader.kernel().getIpc();
            List<FileDescription> restored = new ArrayList<>();
            for (int i = 0; i < open.length; i++) {
                int number = reference(open, i);
                FileDescription file = reader.get(number, FileDescription.class);
                if (!file.tryRetain()) {
                    throw StateReader.corrupt("an open file is closed");
                }
                restored.add(file);
            }
            SavedAndRestored next =
                    new SavedAndRestored(
                            testing,
                            reader.get(state.getPipeFsRef(), PipeFs.class),
                            reader.get(state.getUnixSocketsRef(), UnixSockets.class),
                            reader.get(state.getAnonInodeFsRef(), AnonInodeFs.class),
                            InodeNumbers.of(reader),
                            restored);
            reader.linkAll();
            return next;
        }
    }

    /** Objects are numbered in the order in which they are first referred to. */
    private static int reference(FileDescription[] open, int i) {
        List<FileDescription> seen = new ArrayList<>();
        for (FileDescription file : open) {
            if (!seen.contains(file)) {
                seen.add(file);
            }
        }
        return seen.indexOf(open[i]) + 1;
    }

    /** Closes the open files that were restored, but for those that the test has closed. */
    @Override
    public void close() {
        for (FileDescription file : files) {
            if (file.tryRetain()) {
                file.close();
                file.close();
            }
        }
    }
}
