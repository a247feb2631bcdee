package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;

/** Stands in for an address space between two platforms: nothing can be mapped. */
final class NoAddressSpace implements AddressSpace {
    static final NoAddressSpace INSTANCE = new NoAddressSpace();

    private NoAddressSpace() {}

    @Override
    public void map(AddressRange range, BackingFile file, long offset, AccessType access) {
        throw refused(range);
    }

    @Override
    public void protect(AddressRange range, AccessType access) {
        throw refused(range);
    }

    @Override
    public void unmap(AddressRange range) {
        throw refused(range);
    }

    private static IllegalStateException refused(AddressRange range) {
        return new IllegalStateException("no address space, and " + range + " is touched");
    }

    @Override
    public void close() {}
}
