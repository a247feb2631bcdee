/**
 * Futexes: waiting for a word of guest memory to change, and being woken by those who changed it;
 * kernel/futex of Linux.
 *
 * <p>In reading order: {@link dev.plinth.kernel.futex.FutexAddress} (what a program names a futex
 * by), {@link dev.plinth.kernel.futex.FutexKey} (what it is known by here), {@code FutexQueues}
 * (who waits, by key), {@link dev.plinth.kernel.futex.Futexes} (wait, wake, requeue), {@link
 * dev.plinth.kernel.futex.PiFutexes} (those whose word names an owner), {@link
 * dev.plinth.kernel.futex.RobustList} (what is done for the futexes of a thread that ends).
 *
 * <p><b>What makes waiting safe.</b> A waiter compares the word and queues itself under one hold of
 * its bucket's lock, and a waker looks for waiters under the same lock, after the program changed
 * the word. So whoever changes the word later finds the waiter, and whoever changed it before is
 * seen by the comparison.
 *
 * <p><b>Lock order</b>, outermost first:
 *
 * <ol>
 *   <li>a bucket's lock; of two, that of the lower index first
 *   <li>the locks of {@code mm}: the word is read and written under the bucket's lock. Its page is
 *       brought in before, so that no file is read under the lock but in a race
 * </ol>
 *
 * No lock of {@code task} is taken or needed. Waking a task under a bucket's lock takes none.
 *
 * <p>Imports {@code mm}, {@code vfs} (the blocker) and {@code errno}.
 */
package dev.plinth.kernel.futex;
