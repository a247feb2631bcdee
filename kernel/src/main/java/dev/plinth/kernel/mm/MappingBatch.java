package dev.plinth.kernel.mm;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.state.NotSaved;

import java.util.function.Consumer;

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
    private final Consumer<AddressRange> refused;
    private Kind kind = Kind.NOTHING;
    private long start;
    private long end;
    private long offset;
    private AccessType access = AccessType.NONE;

    /**
     * A batch without a change.
     *
     * @param refused told when the host refuses a change, before that is thrown: where it, and the
     *     one after it, were to be made
     */
    MappingBatch(AddressSpace addressSpace, MemoryFile memory, Consumer<AddressRange> refused) {
        this.addressSpace = addressSpace;
        this.memory = memory;
        this.refused = refused;
    }

    /** Gives the guest another access to pages. */
    void changeAccess(Pma pma, AccessType allowed) {
        if (allowed == pma.access) {
            return;
        }
        if (allowed == AccessType.NONE) {
            unmap(pma.start, pma.end);
        } else if (pma.access == AccessType.NONE) {
            map(pma.start, pma.end, pma.offset, allowed);
        } else {
            protect(pma.start, pma.end, allowed);
        }
        pma.access = allowed;
    }

    /** Has pages copied before they are written to. */
    void copyOnWrite(Pma pma) {
        pma.copyOnWrite = true;
        changeAccess(pma, pma.access.withoutWrite());
    }

    /**
     * Has a shared mapping fault before it writes to pages, so that what they belong to is asked.
     */
    void askBeforeWriting(Pma pma) {
        pma.writable = false;
        changeAccess(pma, pma.access.withoutWrite());
    }

    void map(long from, long to, long fileOffset, AccessType allowed) {
        boolean goesOn =
                kind == Kind.MAP
                        && from == end
                        && fileOffset == offset + (from - start)
                        && allowed == access;
        if (!goesOn) {
            begin(Kind.MAP, from, to, allowed);
            offset = fileOffset;
        }
        end = to;
    }

    void protect(long from, long to, AccessType allowed) {
        if (kind != Kind.PROTECT || from != end || allowed != access) {
            begin(Kind.PROTECT, from, to, allowed);
        }
        end = to;
    }

    void unmap(long from, long to) {
        if (kind != Kind.UNMAP || from != end) {
            begin(Kind.UNMAP, from, to, AccessType.NONE);
        }
        end = to;
    }

    private void begin(Kind newKind, long from, long to, AccessType allowed) {
        flush(from, to);
        kind = newKind;
        start = from;
        access = allowed;
    }

    /**
     * Makes what is left of the changes.
     *
     * @throws HostCallException if the host refuses one
     */
    void flush() {
        flush(start, end);
    }

    private void flush(long nextStart, long nextEnd) {
        Kind pending = kind;
        kind = Kind.NOTHING;
        if (pending == Kind.NOTHING) {
            return;
        }
        AddressRange range = new AddressRange(start, end);
        try {
            switch (pending) {
                case MAP -> memory.map(addressSpace, range, offset, access);
                case PROTECT -> addressSpace.protect(range, access);
                case UNMAP -> addressSpace.unmap(range);
                case NOTHING -> throw new AssertionError();
            }
        } catch (HostCallException e) {
            refused.accept(new AddressRange(Math.min(start, nextStart), Math.max(end, nextEnd)));
            throw e;
        }
    }
}
