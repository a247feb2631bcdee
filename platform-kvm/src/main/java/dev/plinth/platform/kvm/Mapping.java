package dev.plinth.platform.kvm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;

/**
 * A range of an address space that leads to contiguous guest physical memory.
 *
 * @param guestPhysical of the first address
 * @param access what a program may do there
 */
record Mapping(AddressRange range, long guestPhysical, AccessType access) {
    /** The guest physical address of an address in the range. */
    long locate(long address) {
        return guestPhysical + (address - range.start());
    }

    /** The part that lies in another range. */
    Mapping within(AddressRange other) {
        AddressRange part = range.intersect(other);
        return new Mapping(part, locate(part.start()), access);
    }

    /** The same range with another access. */
    Mapping with(AccessType newAccess) {
        return new Mapping(range, guestPhysical, newAccess);
    }

    /** Whether a mapping behind this one is its continuation. */
    boolean continuesWith(Mapping next) {
        return range.end() == next.range.start()
                && locate(range.end()) == next.guestPhysical
                && access == next.access;
    }

    /** Whether an instruction may do this; as on every x86-64, any access allows reading. */
    boolean allows(AccessType attempt) {
        return switch (attempt) {
            case EXECUTE -> access.canExecute();
            case WRITE -> access.canWrite();
            default -> access != AccessType.NONE;
        };
    }
}
