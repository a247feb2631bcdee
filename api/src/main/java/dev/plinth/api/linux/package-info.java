/**
 * Names and numbers that Linux gives to errors and signals on x86-64: {@link
 * dev.plinth.api.linux.Errno}, {@link dev.plinth.api.linux.Signal}, {@link
 * dev.plinth.api.linux.SignalCode}.
 *
 * <p>May be imported by everything; imports nothing of Plinth.
 */
package dev.plinth.api.linux;
