/**
 * Processes and threads: what runs, how it ends, and what it is told on the way.
 *
 * <p>In reading order: {@link dev.plinth.kernel.task.Kernel} (one sandbox: what all of its
 * processes share), {@link dev.plinth.kernel.task.ThreadGroup} (a process), {@link
 * dev.plinth.kernel.task.Task} (a thread of it), {@code TaskRunner} (a task's loop: run the guest,
 * serve the trap, deliver signals), {@link dev.plinth.kernel.task.TaskSignals}, {@link
 * dev.plinth.kernel.task.TaskWait} (the one way to block), {@link
 * dev.plinth.kernel.task.ExitStatus}, {@link dev.plinth.kernel.task.ProgramLoader}.
 *
 * <p><b>Threads.</b> A task is one Java platform thread for life, which makes its execution context
 * and is alone in running it. What a class says is confined to the task thread is touched by that
 * thread only. Others reach a task by {@link dev.plinth.kernel.task.Task#kick()}.
 *
 * <p><b>Lock order</b>, outermost first:
 *
 * <ol>
 *   <li>{@code Kernel.tasksLock}: the table of process numbers and who lives;
 *   <li>{@code ThreadGroup.signalLock}: actions, pending signals, blocked signals, and the exit of
 *       the group.
 * </ol>
 *
 * No lock is held while a guest runs, while a task waits, or while {@code mm} or {@code vfs} is
 * called.
 *
 * <p>Imports {@code signal}, {@code futex}, {@code mm}, {@code vfs}, {@code fd}, {@code cred},
 * {@code loader}, {@code time}, {@code memory}.
 */
package dev.plinth.kernel.task;
