package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

/**
 * A file whose content can be mapped into address spaces.
 *
 * <p>Declared by {@code mm}, implemented by file systems: one object for each inode, so that all
 * mappings of a file share its pages. Its pages lie in the memory file. Methods are called under a
 * memory manager's locks, by any thread; an implementation takes only locks that stand behind those
 * (see the package's lock order).
 */
public interface Mappable {
    /**
     * Brings pages of the file into memory.
     *
     * @param start of the pages that are needed, in the file, page aligned
     * @param end of the pages that are needed
     * @param optionalEnd end of pages that may be had with them, at least {@code end}: those that
     *     are in memory anyway, or that the file reads ahead
     * @param access {@link AccessType#WRITE} if the file's own pages are about to be written (a
     *     shared mapping), else {@link AccessType#READ}
     * @return the pages from {@code start}, as many as lie in one run of the memory file, at least
     *     one page. The caller holds a reference to them, which it gives up with {@code
     *     MemoryFile.release}
     * @throws BusErrorException if {@code start} lies beyond the page of the file's last byte
     * @throws dev.plinth.kernel.errno.ErrnoException if the pages cannot be had: ENOMEM, EIO
     */
    FilePages pages(long start, long end, long optionalEnd, AccessType access);

    /**
     * Pages of a file in the memory file.
     *
     * @param start in the file
     * @param end in the file
     * @param memoryOffset of the first page, in the memory file
     * @param maxAccess what a mapping of them may allow at most; a page that may not be written yet
     *     gives the file system the chance to note that it becomes dirty
     */
    record FilePages(long start, long end, long memoryOffset, AccessType maxAccess) {}

    /** Is told when pages of the file are no longer what they were. */
    interface Observer {
        /**
         * Pages were taken away (truncation) or replaced: their mappings must go.
         *
         * <p>Called without locks of the file that {@link #pages} takes.
         *
         * @param range of the observer's addresses
         * @param alsoPrivate whether private copies go too, as they do for a truncation
         */
        void invalidate(AddressRange range, boolean alsoPrivate);
    }

    /**
     * A mapping of the file was made.
     *
     * @param observer whose addresses they are
     * @param range that is mapped
     * @param start of the mapping, in the file
     * @param sharedWritable whether it is a shared mapping that may become writable
     */
    void addMapping(Observer observer, AddressRange range, long start, boolean sharedWritable);

    /** A mapping that was told with the same values, or a part of one, is gone. */
    void removeMapping(Observer observer, AddressRange range, long start, boolean sharedWritable);
}
