/**
 * The memory file: where all guest memory of a sandbox lies.
 *
 * <p>In reading order: {@link dev.plinth.kernel.memory.MemoryFile} (one sparse file; runs of its
 * pages are allocated, reference counted and given back to the host), {@link
 * dev.plinth.kernel.memory.MemoryStatistics}, {@code Chunk} (what is known of the pages in 2 MiB of
 * it), {@code PageBitmap}.
 *
 * <p>Lock order: {@code MemoryFile}'s lock is a leaf; it is held for a few hundred instructions and
 * never over a call to the host. Imports {@code dev.plinth.api} and {@code errno} only.
 */
package dev.plinth.kernel.memory;
