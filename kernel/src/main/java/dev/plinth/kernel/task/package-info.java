/**
 * Processes and threads: what runs, how it ends, and what it is told on the way.
 *
 * <p>In reading order: {@link dev.plinth.kernel.task.Kernel} (one sandbox: what all of its
 * processes share) with {@code PlatformInUse} and {@link dev.plinth.kernel.task.SandboxAge} (what
 * goes back to before a restore), {@link dev.plinth.kernel.task.ThreadGroup} (a process), {@link
 * dev.plinth.kernel.task.Task} (a thread of it) with {@link dev.plinth.kernel.task.TaskResources}
 * (what tasks share, each thing counted by itself), {@link dev.plinth.kernel.task.TaskCall} (the
 * call that it is in) and {@link dev.plinth.kernel.task.TaskSleep} (what ends its sleep early),
 * {@link dev.plinth.kernel.task.ProcessTable} (who there is, by number) with {@code ProcessLinks},
 * {@code ProcessGroup} and {@code Session}.
 *
 * <p>A task's life: {@code TaskCloner} (clone), {@code TaskThreads} and {@code TaskBirth} (the Java
 * thread it gets), {@code TaskRunner} (its loop: run the guest, serve the trap, deliver signals),
 * {@link dev.plinth.kernel.task.TaskSignals}, {@code TaskWait} (the one way to block), {@code
 * ProgramExecution} with {@link dev.plinth.kernel.task.ProgramLoader} (exec), {@code TaskExit}
 * (exit), {@code ChildWait} (wait), {@code FirstProcess} and {@code ProcessEntry} (a process from
 * outside), {@code JobControl} and {@code GroupStop} (stop and continue). What runs beside it:
 * {@link dev.plinth.kernel.task.ProcessTimers}, {@code TaskClock} (CPU time). What stops all of it:
 * {@code World}, with {@link dev.plinth.kernel.task.StoppedWorld}. What is saved of it, and made
 * again: {@link dev.plinth.kernel.task.SavedTasks} with {@code SavedProcess} and {@code SavedTask},
 * {@link dev.plinth.kernel.task.ResumedCall} (a call that was broken off), {@code RestoredBirths}.
 *
 * <p><b>Threads.</b> A task has one Java platform thread for life, which makes its execution
 * context and is alone in running it; when the task has ended, the thread serves another. What a
 * class says is confined to the task thread is touched by that thread only. Others reach a task by
 * {@link dev.plinth.kernel.task.Task#kick()}.
 *
 * <p><b>What is shared</b> by the flags of clone(2) has a counted owner of its own with a lock of
 * its own: {@link dev.plinth.kernel.task.ProgramImage} (CLONE_VM), {@link
 * dev.plinth.kernel.fd.FdTable} (CLONE_FILES), {@link dev.plinth.kernel.vfs.FsContext} (CLONE_FS,
 * which owns nothing and needs no count), {@link dev.plinth.kernel.signal.SignalActions}
 * (CLONE_SIGHAND, likewise).
 *
 * <p><b>Lock order</b>, outermost first:
 *
 * <ol>
 *   <li>{@code World.worldLock}: who has stopped, and what is done meanwhile. Wanted by nobody who
 *       holds another lock, and held while a signal from outside is sent, but not while the world
 *       is waited for;
 *   <li>{@code ProcessTable.treeLock}: the numbers, who lives, parents and children, process groups
 *       and sessions;
 *   <li>{@code ProcessTimers.timersLock}; then the lock of a timer, under which its clock is asked:
 *       that of CPU time takes the signal lock. Neither is held while a timer sends its signal, nor
 *       wanted by who holds the signal lock;
 *   <li>{@code ThreadGroup.signalLock}: pending signals, blocked signals, stops, and the exit of
 *       the group; one at a time, but that a child's is never held when the parent is told of it;
 *   <li>the lock of {@link dev.plinth.kernel.signal.SignalActions};
 *   <li>{@code Task.runningLock}, held while a task is kicked.
 * </ol>
 *
 * No lock is held while a guest runs, while a task sleeps, or while {@code mm} or {@code vfs} is
 * called. The locks of {@code TaskThreads}, {@code TaskBirth}, {@code TaskWait} and {@code
 * TaskClock} are leaves (the last asks the platform).
 *
 * <p>Imports {@code signal}, {@code futex}, {@code timer}, {@code mm}, {@code vfs}, {@code fd},
 * {@code cred}, {@code loader}, {@code time}, {@code memory}, {@code state}, of the files without a
 * name {@code fs.pipefs}, {@code fs.tmpfs} and {@code net}, and the views that {@code fs.procfs}
 * asks for.
 */
package dev.plinth.kernel.task;
