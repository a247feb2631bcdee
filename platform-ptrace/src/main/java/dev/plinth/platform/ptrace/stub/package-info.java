/**
 * What is inside a stub process: one page of machine code and data, and a filter of its system
 * calls, both built here.
 *
 * <p>In reading order: {@link dev.plinth.platform.ptrace.stub.StubLayout} (addresses and
 * descriptors in a stub), {@link dev.plinth.platform.ptrace.stub.StubPage} (the page, which is an
 * executable ELF file too), {@code StubFilter} (what a stub may ask of the host), {@code
 * MachineCode} and {@code BpfProgram} (they lay out bytes and resolve jumps).
 *
 * <p>No locks: a page is built once, by one thread. Imports {@code …ptrace.linux} only.
 */
package dev.plinth.platform.ptrace.stub;
