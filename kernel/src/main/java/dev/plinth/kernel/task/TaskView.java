package dev.plinth.kernel.task;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.MemoryUsage;
import dev.plinth.kernel.mm.ProgramAreas;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A process, by one of its tasks, as /proc shows it. Two views are equal if they are of one
 * process.
 */
final class TaskView implements ProcessView {
    /** More of a process' strings is not shown at once. */
    private static final int MAX_STRINGS_BYTES = 4 << 20;

    private final Task task;

    TaskView(Task task) {
        this.task = task;
    }

    @Override
    public int pid() {
        return task.group().pid();
    }

    @Override
    public int parentPid() {
        return task.group().parentPid(task.kernel().processes());
    }

    @Override
    public List<Integer> threads() {
        return task.group().tasks().stream().map(Task::tid).toList();
    }

    @Override
    public byte[] name(int tid) {
        return taskOf(tid).name();
    }

    /** The task with a number; the one that was looked up if that is gone. */
    private Task taskOf(int tid) {
        return task.group().tasks().stream()
                .filter(other -> other.tid() == tid)
                .findFirst()
                .orElse(task);
    }

    @Override
    public Credentials credentials() {
        return task.credentials();
    }

    @Override
    public List<Mount> mounts() {
        return task.kernel().mounts().mounts();
    }

    @Override
    public Location root() {
        return task.fs().root();
    }

    @Override
    public Location workingDirectory() {
        return task.fs().workingDirectory();
    }

    @Override
    public int umask() {
        return task.fs().umask();
    }

    @Override
    public Location executable() {
        return task.resources().image().executable().location();
    }

    @Override
    public byte[] commandLine() {
        return memory(program().arguments());
    }

    @Override
    public byte[] environment() {
        return memory(program().environment());
    }

    @Override
    public byte[] auxiliaryVector() {
        return memory(program().auxiliaryVector());
    }

    /** A part of the process' memory; empty if it is not there any more. */
    private byte[] memory(AddressRange range) {
        int length = (int) Math.min(MAX_STRINGS_BYTES, range.length());
        try {
            return task.guestMemory().copyIn(range.start(), length);
        } catch (ErrnoException e) {
            return new byte[0];
        }
    }

    @Override
    public List<MappingInfo> mappings() {
        return task.memory().mappings();
    }

    @Override
    public MemoryUsage memoryUsage() {
        return task.memory().usage();
    }

    @Override
    public ProgramAreas program() {
        return task.memory().program();
    }

    @Override
    public List<Integer> descriptors() {
        return task.files().descriptors();
    }

    @Override
    public Optional<FileDescription> descriptor(int fd) {
        try {
            return Optional.of(task.files().getAlsoPathOnly(fd));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.EBADF) {
                return Optional.empty();
            }
            throw e;
        }
    }

    @Override
    public List<long[]> limits() {
        List<long[]> limits = new ArrayList<>();
        for (int resource = 0; resource < ResourceLimits.COUNT; resource++) {
            ResourceLimits.Limit limit = task.group().limits().get(resource);
            limits.add(new long[] {limit.soft(), limit.hard()});
        }
        return limits;
    }

    @Override
    public SignalSets signals(int tid) {
        TaskSignals signals = taskOf(tid).signals();
        long ignored = SignalSet.EMPTY;
        long caught = SignalSet.EMPTY;
        for (Signal signal : Signal.values()) {
            SignalAction action = signals.action(signal);
            if (action.isHandled()) {
                caught |= SignalSet.of(signal);
            } else if (action.handler() == SignalAction.SIG_IGN) {
                ignored |= SignalSet.of(signal);
            }
        }
        return new SignalSets(
                signals.ownPendingSet(),
                signals.sharedPendingSet(),
                signals.blocked(),
                ignored,
                caught);
    }

    @Override
    public long startNanos() {
        return task.group().startMonotonicNanos() - task.kernel().bootMonotonicNanos();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TaskView view && view.task.group() == task.group();
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(task.group());
    }
}
