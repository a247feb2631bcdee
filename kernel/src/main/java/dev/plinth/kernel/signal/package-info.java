/**
 * Signals: what they are, what a program wants done with them, which are pending, and how a handler
 * is entered and left.
 *
 * <p>In reading order: {@link dev.plinth.kernel.signal.SignalSet}, {@link
 * dev.plinth.kernel.signal.SignalInfo}, {@link dev.plinth.kernel.signal.SignalAction}, {@link
 * dev.plinth.kernel.signal.SignalActions}, {@link dev.plinth.kernel.signal.PendingSignals}, {@link
 * dev.plinth.kernel.signal.AlternateStack}, {@link dev.plinth.kernel.signal.SignalFrame}.
 *
 * <p>Lock order: {@code PendingSignals} and {@code SignalActions} have no lock of their own; both
 * are guarded by the signal lock of the thread group they belong to (see {@code task}). Imports
 * {@code errno}, {@code mm} and {@code state}.
 */
package dev.plinth.kernel.signal;
