package dev.plinth.example.emulator;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.linux.SignalCode;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.Trap;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The memory of one guest process: a table of mappings, asked at each access.
 *
 * <p>The guest must not see a mapping any more once {@code unmap} has returned. A change of the
 * table takes the write lock, so it waits for the instructions that are under way, and later ones
 * find the new table.
 */
final class EmulatorAddressSpace implements AddressSpace {
    private record Mapping(AddressRange range, BackingFile file, long offset, AccessType access) {
        /** A part of this mapping, with another access. */
        Mapping part(AddressRange part, AccessType newAccess) {
            return new Mapping(part, file, offset + part.start() - range.start(), newAccess);
        }
    }

    /** Some bytes of guest memory that lie behind each other in a file. */
    record Place(MemorySegment memory, long offset) {}

    private final EmulatorPlatform platform;

    private final ReadWriteLock tableLock = new ReentrantReadWriteLock();

    /** By start address; guarded by tableLock. */
    private final TreeMap<Long, Mapping> table = new TreeMap<>();

    /** Guarded by tableLock. */
    private boolean closed;

    EmulatorAddressSpace(EmulatorPlatform platform) {
        this.platform = platform;
    }

    @Override
    public void map(AddressRange range, BackingFile file, long offset, AccessType access) {
        requireMappable(range);
        boolean inFile =
                offset >= 0
                        && Pages.isAligned(offset)
                        && range.length() <= file.view().byteSize() - offset;
        if (!inFile || !platform.hasFile(file) || access == AccessType.NONE) {
            throw new IllegalArgumentException(
                    "cannot map offset 0x%x of %s with access %s"
                            .formatted(offset, file, access.symbols()));
        }
        change(() -> {
            cutOutLocked(range);
            table.put(range.start(), new Mapping(range, file, offset, access));
        });
    }

    @Override
    public void protect(AddressRange range, AccessType access) {
        requireMappable(range);
        change(() -> {
            List<Mapping> parts =
                    overlappingLocked(range).stream()
                            .map(old -> old.part(old.range().intersect(range), access))
                            .toList();
            cutOutLocked(range);
            parts.forEach(part -> table.put(part.range().start(), part));
        });
    }

    @Override
    public void unmap(AddressRange range) {
        requireMappable(range);
        change(() -> cutOutLocked(range));
    }

    @Override
    public void close() {
        tableLock.writeLock().lock();
        try {
            closed = true;
            table.clear();
        } finally {
            tableLock.writeLock().unlock();
        }
    }

    /** To be held by a context while it executes an instruction. */
    Lock instructionLock() {
        return tableLock.readLock();
    }

    EmulatorPlatform platform() {
        return platform;
    }

    /** Whether the address space is closed; the caller holds the instruction lock. */
    boolean isClosedLocked() {
        return closed;
    }

    /**
     * Finds bytes that do not cross the border of a page; the caller holds the instruction lock.
     *
     * @param access the one kind that is attempted
     * @throws TrapException if the guest may not touch them
     */
    Place placeLocked(long address, AccessType access) {
        if (!isCanonical(address)) {
            // Linux gives no address for what the processor calls a general protection fault.
            throw new TrapException(new Trap.CpuException(Signal.SIGSEGV, SignalCode.SI_KERNEL, 0));
        }
        Map.Entry<Long, Mapping> entry = table.floorEntry(address);
        if (entry == null || !entry.getValue().range().contains(address)) {
            throw fault(address, access, SignalCode.SEGV_MAPERR);
        }
        Mapping mapping = entry.getValue();
        // As on a real processor: what can be touched at all can be read.
        boolean allowed =
                access == AccessType.READ
                        ? mapping.access() != AccessType.NONE
                        : mapping.access().covers(access);
        if (!allowed) {
            throw fault(address, access, SignalCode.SEGV_ACCERR);
        }
        return new Place(
                mapping.file().view(), mapping.offset() + address - mapping.range().start());
    }

    /** Whether the bits that a processor of 48 bits does not have repeat the last that it has. */
    static boolean isCanonical(long address) {
        return (address << 16) >> 16 == address;
    }

    private static TrapException fault(long address, AccessType access, int code) {
        return new TrapException(new Trap.Fault(address, access, Signal.SIGSEGV, code));
    }

    private void change(Runnable changeLocked) {
        tableLock.writeLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the address space is closed");
            }
            changeLocked.run();
        } finally {
            tableLock.writeLock().unlock();
        }
    }

    private List<Mapping> overlappingLocked(AddressRange range) {
        Long before = table.floorKey(range.start());
        return table.subMap(before == null ? range.start() : before, range.end()).values().stream()
                .filter(mapping -> mapping.range().overlaps(range))
                .toList();
    }

    /** Removes a range, and leaves what sticks out of it at both ends. */
    private void cutOutLocked(AddressRange range) {
        for (Mapping old : overlappingLocked(range)) {
            table.remove(old.range().start());
            if (old.range().start() < range.start()) {
                AddressRange left = new AddressRange(old.range().start(), range.start());
                table.put(left.start(), old.part(left, old.access()));
            }
            if (old.range().end() > range.end()) {
                AddressRange right = new AddressRange(range.end(), old.range().end());
                table.put(right.start(), old.part(right, old.access()));
            }
        }
    }

    private void requireMappable(AddressRange range) {
        boolean mappable =
                !range.isEmpty()
                        && range.isPageAligned()
                        && platform.capabilities().userAddresses().contains(range);
        if (!mappable) {
            throw new IllegalArgumentException("not a range that can be mapped: " + range);
        }
    }
}
