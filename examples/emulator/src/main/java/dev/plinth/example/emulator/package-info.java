/**
 * A platform written as a plugin, to start another one from: it executes the instructions of a
 * program in Java, one after the other.
 *
 * <p>In reading order, which is the order in which a platform is written:
 *
 * <ol>
 *   <li>{@link dev.plinth.example.emulator.EmulatorPlatformFactory} &ndash; found by PF4J: the
 *       name, and whether the platform works here;
 *   <li>{@link dev.plinth.example.emulator.EmulatorPlatform} &ndash; what it can do, and what it
 *       makes: address spaces and contexts;
 *   <li>{@link dev.plinth.example.emulator.EmulatorAddressSpace} &ndash; the guest's memory: a
 *       table of mappings;
 *   <li>{@link dev.plinth.example.emulator.EmulatorContext} &ndash; runs a guest thread until
 *       something needs the kernel;
 *   <li>{@link dev.plinth.example.emulator.Processor} &ndash; executes one instruction. This is the
 *       part that a platform of yours does in another way.
 * </ol>
 *
 * <p>It knows the few dozen instructions that small programs in assembly need; any other one is an
 * undefined instruction to the guest, and a line in the log. There is no vector state and no single
 * step, and its capabilities say so.
 *
 * <p><b>Locks.</b> A context holds the read lock of its address space while it executes an
 * instruction; a change of the mappings takes the write lock. No other lock is held together with
 * it. May import the {@code api} only.
 */
package dev.plinth.example.emulator;
