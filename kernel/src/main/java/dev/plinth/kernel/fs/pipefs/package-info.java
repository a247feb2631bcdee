/**
 * Pipes and FIFOs, pipe(7).
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.pipefs.PipeFs} (makes pipes, opens FIFOs),
 * {@code Pipe} (who has it open) with {@code PageRing} and {@code PipePage} (what is on its way),
 * {@code PipeInode}, {@link dev.plinth.kernel.fs.pipefs.PipeDescription} (an open end) with {@code
 * SplicedBuffer}, {@code PipeCapacity} (how much there may be of all).
 *
 * <p>Lock order, outermost first: the lock of the FIFOs; a pipe's lock, which is a content lock in
 * the order of {@code vfs}: held while bytes are copied from or to guest memory, and taken inside
 * the locks of another file that is spliced. Waiters are woken with none held. Imports {@code api},
 * {@code cred}, {@code errno}, {@code error}, {@code fd.linux}, {@code io}, {@code state}, {@code
 * time} and {@code vfs}.
 */
package dev.plinth.kernel.fs.pipefs;
