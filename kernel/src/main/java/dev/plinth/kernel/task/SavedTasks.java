package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.signal.SignalActions;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.state.proto.TaskSubsystemState;
import dev.plinth.kernel.vfs.FsContext;

import java.util.List;
import java.util.function.Function;

/**
 * All tasks and processes of a sandbox as they are saved, with what it has once.
 *
 * <p>Made again in this order: processes, each by itself; their tasks, with memory and files; who
 * there is, by number; parents and children, groups and sessions; then, put off, timers.
 */
public final class SavedTasks {
    /** {@code NR_CPUS} of the largest kernels. */
    private static final int PROCESSORS_MAX = 8192;

    private final Kernel kernel;
    private final ProcessTable table;
    private final SavedProcess processes;

    private SavedTasks(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.table = kernel.processes();
        this.processes = new SavedProcess(kernel, table);
    }

    /**
     * What is saved of a sandbox's tasks; the world is stopped.
     *
     * @param writer saves what they have, in its time
     */
    public static TaskSubsystemState save(Kernel kernel, StateWriter writer) {
        TaskSubsystemState.Builder state =
                TaskSubsystemState.newBuilder()
                        .setUtsName(kernel.utsName().save())
                        .setProcessors(kernel.processors())
                        .setMemoryTotal(kernel.memoryTotal())
                        .setOomKills(kernel.oomKiller().kills())
                        .setInitRef(writer.reference(kernel.init()))
                        .setRestores(kernel.restores());
        kernel.vdso().map(Vdso::save).map(ByteString::copyFrom).ifPresent(state::setVdso);
        kernel.processes().save(state, writer);
        return state.build();
    }

    /**
     * Restores the tasks of a sandbox, after all else; they do not run before {@link
     * Kernel#startRestored}.
     *
     * @param kernel that has no task yet
     * @param restorers are told how tasks are made, and what belongs to them
     * @param reader what was saved
     * @param restartBlocks makes calls again that a signal broke off
     * @throws dev.plinth.kernel.image.ImageCorruptException if it makes no sense
     */
    public static void restore(
            Kernel kernel,
            Restorers restorers,
            StateReader reader,
            Function<RestartState, RestartBlock> restartBlocks) {
        SavedTasks saved = new SavedTasks(kernel);
        SavedTask tasks = new SavedTask(kernel, restartBlocks);
        restorers.add(KindCase.TASK, tasks::restore);
        restorers.add(KindCase.PROGRAM, tasks::restoreProgram);
        restorers.add(KindCase.PROCESS, saved.processes::restore);
        restorers.add(KindCase.VFORK_WAIT, VforkWait::restore);
        SignalActions.restoring(restorers);
        FdTable.restoring(restorers);
        FsContext.restoring(restorers);
        boolean complete = false;
        try {
            saved.restore(reader.kernel().getTasks(), reader);
            reader.linkAll();
            if (tasks.made() != kernel.tasks().size()) {
                throw StateReader.corrupt("a task is neither alive nor dead");
            }
            complete = true;
        } finally {
            if (!complete) {
                tasks.discard();
            }
        }
    }

    /** What uname(2) told. */
    public static UtsName utsName(TaskSubsystemState state) {
        try {
            return UtsName.restore(state.getUtsName());
        } catch (IllegalArgumentException e) {
            throw StateReader.corrupt("a name: " + e.getMessage());
        }
    }

    /** How many processors programs were told of. */
    public static int processors(TaskSubsystemState state) {
        return inRange(state.getProcessors(), PROCESSORS_MAX, "processors");
    }

    /** How many tasks there may be at once. */
    public static int tasksMax(TaskSubsystemState state) {
        return inRange(state.getTasksMax(), ProcessNumbers.LIMIT, "tasks at once");
    }

    private static int inRange(int value, int most, String what) {
        if (value < 1 || value > most) {
            throw StateReader.corrupt(value + " " + what);
        }
        return value;
    }

    private void restore(TaskSubsystemState state, StateReader reader) {
        List<Integer> references = state.getProcessRefsList();
        for (int reference : references) {
            processes.restoreTasks(reference, reader);
        }
        synchronized (table.treeLock) {
            table.restoreLocked(state, reader);
            for (int reference : references) {
                processes.restoreLinksLocked(reference, reader);
            }
            SavedProcess.checkFamilyLocked(table.processes());
            table.restoreNumbersLocked(state);
        }
        kernel.restoreInit(reader.get(state.getInitRef(), ThreadGroup.class));
    }
}
