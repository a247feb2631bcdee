/**
 * Address spaces of guest processes: what is mapped where, demand paging, copy-on-write, and the
 * access of system calls to guest memory.
 *
 * <p>In reading order: {@link dev.plinth.kernel.mm.MemoryManager} (one process's address space: the
 * calls of mmap(2) and its family, faults, fork), {@link dev.plinth.kernel.mm.GuestMemory} (copying
 * to and from it), {@link dev.plinth.kernel.mm.AddressLayout}, {@link
 * dev.plinth.kernel.mm.MemoryLimits}; {@link dev.plinth.kernel.mm.Mappable} and {@link
 * dev.plinth.kernel.mm.MappedFile} (what file systems implement), {@link
 * dev.plinth.kernel.mm.MappedFileOwner} (what is saved of a file that is mapped).
 *
 * <p>Inside: {@code Mappings} (a process's areas and their limits, {@code Vma} and {@code VmaSet}),
 * {@code Pager} (its pages, {@code Pma} and {@code PmaSet}; {@code PageSource} is where new ones
 * come from), {@code SavedMappings} and {@code SavedPages} (what a checkpoint keeps of both).
 *
 * <p>A restored process has pages of its own in the image: unread at first, then mapped from there,
 * and copied into the memory file when it writes to them.
 *
 * <p>Lock order, first taken first:
 *
 * <ol>
 *   <li>a file's content lock, held over read(2) and write(2) (Linux: {@code i_rwsem})
 *   <li>a memory manager's mapping lock (Linux: {@code mmap_lock})
 *   <li>a file's lock on the list of its mappings, in {@link
 *       dev.plinth.kernel.mm.Mappable#addMapping}, and held over {@link
 *       dev.plinth.kernel.mm.Mappable.Observer#invalidate}
 *   <li>a memory manager's active lock; that of a parent before that of the child it makes
 *   <li>a file's page lock, in {@link dev.plinth.kernel.mm.Mappable#pages}
 *   <li>the platform's locks, in {@link dev.plinth.api.platform.AddressSpace}
 *   <li>the memory file's lock
 * </ol>
 *
 * <p>Imports {@code dev.plinth.api}, {@code errno}, {@code error}, {@code io}, {@code memory} and
 * {@code state} only.
 */
package dev.plinth.kernel.mm;
