/**
 * The host's Linux, bound with JNA: the only package that imports JNA.
 *
 * <p>In reading order: {@link dev.plinth.kernel.host.JnaHostKernel} (what everyone uses), {@code
 * LibC} (the native functions), {@code SpawnActions} (descriptors of a new process).
 *
 * <p>Every native function takes and returns primitives only, by direct mapping: the cost of a call
 * is then about a quarter of a microsecond, where interface mapping costs twice that and a {@code
 * Structure} argument more than a microsecond. Memory that a call needs is a native {@code
 * MemorySegment}. No locks. Imports {@code dev.plinth.api} only.
 */
package dev.plinth.kernel.host;
