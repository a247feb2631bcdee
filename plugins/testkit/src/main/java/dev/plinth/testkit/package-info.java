/**
 * What the author of a platform needs to test it, and what the kernel's tests run on.
 *
 * <p>In reading order: {@link dev.plinth.testkit.contract} (the tests that every platform must
 * pass), {@link dev.plinth.testkit.assembler} (the guest programs that they use), {@link
 * dev.plinth.testkit.mock} (a platform whose guest programs are Java code), {@link
 * dev.plinth.testkit.LeakCheck} (what a test left open).
 *
 * <p>May import the {@code api} and JUnit; knows no kernel and no platform.
 */
package dev.plinth.testkit;
