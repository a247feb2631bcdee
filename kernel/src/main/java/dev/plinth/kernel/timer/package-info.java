/**
 * Timers: something is done at a moment, or again and again; kernel/time of Linux.
 *
 * <p>In reading order: {@link dev.plinth.kernel.timer.TimerQueue} (the one thread of a sandbox that
 * waits for moments), {@link dev.plinth.kernel.timer.TimerClock} (what a timer runs by), {@link
 * dev.plinth.kernel.timer.IntervalTimer} (a timer that can be set, asked and stopped: what
 * setitimer(2), timer_create(2) and timerfd_create(2) have in common).
 *
 * <p><b>Lock order</b>: an interval timer's lock, then what its clock takes, then the queue's. No
 * lock is held while it is told that a timer has expired.
 *
 * <p>Imports {@code time} and {@code state} only.
 */
package dev.plinth.kernel.timer;
