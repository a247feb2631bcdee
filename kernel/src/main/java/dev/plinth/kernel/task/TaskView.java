package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.fs.procfs.ThreadView;
import dev.plinth.kernel.signal.SignalAction;
import dev.plinth.kernel.signal.SignalSet;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;

import java.util.List;
import java.util.Optional;

/** A task as /proc shows it. Two views are equal if they are of one task. */
final class TaskView implements ThreadView {
    private final Task task;

    TaskView(Task task) {
        this.task = requireNonNull(task, "task is null");
    }

    @Override
    public int tid() {
        return task.tid();
    }

    @Override
    public byte[] name() {
        return task.name();
    }

    @Override
    public void setName(byte[] name) {
        task.setName(name);
    }

    @Override
    public State state() {
        if (hasEnded()) {
            return State.ZOMBIE;
        }
        if (task.group().isStopped()) {
            return State.STOPPED;
        }
        return task.isAsleep() ? State.SLEEPING : State.RUNNING;
    }

    private boolean hasEnded() {
        return !task.group().tasks().contains(task);
    }

    private void requireFiles() {
        if (hasEnded()) {
            throw ErrnoException.of(Errno.ENOENT);
        }
    }

    @Override
    public Credentials credentials() {
        return task.credentials();
    }

    @Override
    public Location root() {
        requireFiles();
        return task.fs().root();
    }

    @Override
    public Location workingDirectory() {
        requireFiles();
        return task.fs().workingDirectory();
    }

    @Override
    public int umask() {
        return task.fs().umask();
    }

    @Override
    public List<Integer> descriptors() {
        return hasEnded() ? List.of() : task.files().descriptors();
    }

    @Override
    public Optional<FileDescription> descriptor(int fd) {
        if (hasEnded()) {
            return Optional.empty();
        }
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
    public boolean closesOnExec(int fd) {
        try {
            return task.files().isCloseOnExec(fd);
        } catch (ErrnoException e) {
            // It was closed meanwhile.
            return false;
        }
    }

    @Override
    public SignalSets signals() {
        TaskSignals signals = task.signals();
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
        long own = signals.ownPendingSet();
        long shared = signals.sharedPendingSet();
        return new SignalSets(
                own,
                shared,
                signals.blocked(),
                ignored,
                caught,
                Long.bitCount(own) + Long.bitCount(shared));
    }

    @Override
    public ProcessView.CpuTime cpuTime() {
        ResourceUsage usage = task.usage();
        return new ProcessView.CpuTime(usage.userNanos(), usage.systemNanos());
    }

    @Override
    public boolean noNewPrivileges() {
        return task.settings().noNewPrivileges();
    }

    @Override
    public int personality() {
        return task.settings().personality();
    }

    @Override
    public long timerSlackNanos() {
        return task.settings().timerSlackNanos();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof TaskView view && view.task == task;
    }

    @Override
    public int hashCode() {
        return System.identityHashCode(task);
    }
}
