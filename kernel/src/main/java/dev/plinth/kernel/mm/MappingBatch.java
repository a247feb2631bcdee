package dev.plinth.kernel.mm;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;

/**
 * Changes to an address space, with those that touch each other made in one call.
 *
 * <p>Used by one thread, under the active lock. Nothing is certain to be done before {@link
 * #flush()}.
 */
@NotSaved("lives for the time of a call")
final class MappingBatch {
    private enum Kind {
        NOTHING,
        MAP,
        PROTECT,
        UNMAP
    }

    private final AddressSpace addressSpace;
    private final MemoryFile memory;
    private Kind kind = Kind.NOTHING;
    private long start;
    private long end;
    private long offset;
    private AccessType access = AccessType.NONE;

    MappingBatch(AddressSpace addressSpace, MemoryFile memory) {
        this.addressSpace = addressSpace;
        this.memory = memory;
    }

    void map(long from, long to, long fileOffset, AccessType allowed) {
        boolean goesOn =
                kind == Kind.MAP
                        && from == end
                        && fileOffset == offset + (from - start)
                        && allowed == access;
        if (!goesOn) {
            begin(Kind.MAP, from, allowed);
            offset = fileOffset;
        }
        end = to;
    }

    void protect(long from, long to, AccessType allowed) {
        if (kind != Kind.PROTECT || from != end || allowed != access) {
            begin(Kind.PROTECT, from, allowed);
        }
        end = to;
    }

    void unmap(long from, long to) {
        if (kind != Kind.UNMAP || from != end) {
            begin(Kind.UNMAP, from, AccessType.NONE);
        }
        end = to;
    }

    private void begin(Kind newKind, long from, AccessType allowed) {
        flush();
        kind = newKind;
        start = from;
        access = allowed;
    }

    void flush() {
        Kind pending = kind;
        kind = Kind.NOTHING;
        if (pending == Kind.NOTHING) {
            return;
        }
        AddressRange range = new AddressRange(start, end);
        switch (pending) {
            case MAP -> memory.map(addressSpace, range, offset, access);
            case PROTECT -> addressSpace.protect(range, access);
            case UNMAP -> addressSpace.unmap(range);
            case NOTHING -> throw new AssertionError();
        }
    }
}
