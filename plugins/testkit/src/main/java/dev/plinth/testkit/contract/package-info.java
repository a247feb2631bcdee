/**
 * The tests that every platform must pass: {@link dev.plinth.testkit.contract.PlatformContract}.
 *
 * <p>They come in parts, one interface each: what the platform says of itself, registers, faults,
 * exceptions of the processor, mappings, interrupts, vector state, life cycle, isolation. Each
 * drives the platform directly, without a kernel, with guest programs of a few instructions ({@link
 * dev.plinth.testkit.assembler}). What they work with, in reading order: {@link
 * dev.plinth.testkit.contract.PlatformUnderTest}, {@link dev.plinth.testkit.contract.TestProcess},
 * {@link dev.plinth.testkit.contract.TestThread}.
 *
 * <p>May import the {@code api}, the assembler, {@link dev.plinth.testkit.LeakCheck} and JUnit.
 */
package dev.plinth.testkit.contract;
