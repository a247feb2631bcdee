package dev.plinth.api.platform;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

/**
 * The memory of one guest process, as its instructions see it.
 *
 * <p>A mapping is always a shared mapping of a range of a {@link BackingFile}: two mappings of one
 * range see each other's writes, and the JVM sees them through {@link BackingFile#view()}.
 * Copy-on-write and demand paging are the kernel's, by way of faults.
 *
 * <p>Any thread may call {@code map}, {@code protect} and {@code unmap}, also while contexts run in
 * the address space; calls that overlap in time must not overlap in addresses. When one of them
 * returns, no instruction of the guest that is executed afterwards, on any context, sees the state
 * of before: memory that was unmapped may be given to another process at once. A platform may put
 * the host's work off until a context is about to execute an instruction; an error of the host then
 * surfaces in {@link ExecutionContext#run}.
 *
 * <p>Preconditions of every range: not empty, aligned to the platform's map unit, within its user
 * addresses.
 */
public interface AddressSpace extends AutoCloseable {
    /**
     * Maps a range of a file, in place of whatever was mapped there.
     *
     * @param range where
     * @param file one of the files that the platform was created with; borrowed
     * @param offset in the file of the range's first byte, aligned to the map unit; the range lies
     *     within the file
     * @param access what the guest may do, not {@link AccessType#NONE}. As on every x86-64
     *     processor, write or execute access includes read access
     * @throws dev.plinth.api.host.HostCallException if the host refuses; what is mapped in the
     *     range is then undefined
     */
    void map(AddressRange range, BackingFile file, long offset, AccessType access);

    /**
     * Changes what the guest may do in a range.
     *
     * <p>Precondition: all of the range is mapped.
     *
     * @param access {@link AccessType#NONE} keeps the mapping and makes each access a fault
     * @throws dev.plinth.api.host.HostCallException if the host refuses; access to the range is
     *     then undefined
     */
    void protect(AddressRange range, AccessType access);

    /**
     * Removes whatever is mapped in a range; parts, or all, may be unmapped already.
     *
     * <p>A range that has all of what is mapped is not refused for want of something: this is how
     * the kernel comes to know again what is mapped, once a change was refused.
     *
     * @throws dev.plinth.api.host.HostCallException if the host refuses; what is mapped in the
     *     range is then undefined
     */
    void unmap(AddressRange range);

    /**
     * Gives everything of the address space back to the host. A platform may keep a few of the
     * things that address spaces are made of for those to come, with nothing that a guest could
     * ever find in them, until it is closed itself.
     *
     * <p>Precondition: no context is running in it. Doing so again is harmless.
     */
    @Override
    void close();
}
