package dev.plinth.testkit.mock;

import static java.util.Objects.requireNonNull;

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
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * The mappings of one guest process, as a table.
 *
 * <p>Guest operations hold the lock for reading while they touch memory, so a change of the table
 * waits for those that still see the state of before.
 */
public final class MockAddressSpace implements AddressSpace {
    /**
     * One entry of the table.
     *
     * @param range where
     * @param file whose bytes are there
     * @param offset in the file of the range's first byte
     * @param access what the guest may do
     */
    public record Mapping(AddressRange range, BackingFile file, long offset, AccessType access) {
        private Mapping part(AddressRange part, AccessType newAccess) {
            return new Mapping(part, file, offset + part.start() - range.start(), newAccess);
        }
    }

    /** Touches bytes that lie in one page of a file. */
    @FunctionalInterface
    interface Touch {
        /**
         * Touches the bytes.
         *
         * @param memory the file's view
         * @param offset in the view of the first byte
         * @param length how many bytes
         * @param done how many bytes of the whole operation were touched before
         */
        void touch(MemorySegment memory, long offset, int length, int done);
    }

    private static final int CANONICAL_SHIFT = 47;

    private final MockPlatform platform;

    private final ReadWriteLock tableLock = new ReentrantReadWriteLock();

    /** By start address; guarded by tableLock. */
    private final TreeMap<Long, Mapping> table = new TreeMap<>();

    /** How many contexts run here; guarded by this. */
    private int running;

    /** Guarded by this. */
    private boolean closed;

    MockAddressSpace(MockPlatform platform) {
        this.platform = platform;
    }

    @Override
    public void map(AddressRange range, BackingFile file, long offset, AccessType access) {
        requireUsable(range);
        requireNonNull(access, "access is null");
        if (!platform.hasFile(file)) {
            throw new IllegalArgumentException("not a file of this platform: " + file);
        }
        boolean inFile =
                offset >= 0
                        && Pages.isAligned(offset)
                        && range.length() <= file.view().byteSize() - offset;
        if (!inFile) {
            throw new IllegalArgumentException(
                    "not in the file: offset 0x%x, length 0x%x".formatted(offset, range.length()));
        }
        if (access == AccessType.NONE) {
            throw new IllegalArgumentException("no access: " + range);
        }
        tableLock.writeLock().lock();
        try {
            cutOutLocked(range);
            table.put(range.start(), new Mapping(range, file, offset, access));
        } finally {
            tableLock.writeLock().unlock();
        }
    }

    @Override
    public void protect(AddressRange range, AccessType access) {
        requireUsable(range);
        requireNonNull(access, "access is null");
        tableLock.writeLock().lock();
        try {
            List<Mapping> parts =
                    overlappingLocked(range).stream()
                            .map(m -> m.part(m.range().intersect(range), access))
                            .toList();
            if (parts.stream().mapToLong(part -> part.range().length()).sum() != range.length()) {
                throw new IllegalArgumentException("not all mapped: " + range);
            }
            cutOutLocked(range);
            parts.forEach(part -> table.put(part.range().start(), part));
        } finally {
            tableLock.writeLock().unlock();
        }
    }

    @Override
    public void unmap(AddressRange range) {
        requireUsable(range);
        tableLock.writeLock().lock();
        try {
            cutOutLocked(range);
        } finally {
            tableLock.writeLock().unlock();
        }
    }

    /** The table, by ascending address. */
    public List<Mapping> mappings() {
        tableLock.readLock().lock();
        try {
            return List.copyOf(table.values());
        } finally {
            tableLock.readLock().unlock();
        }
    }

    @Override
    public void close() {
        synchronized (this) {
            if (closed) {
                return;
            }
            if (running > 0) {
                throw new IllegalStateException(running + " contexts run in the address space");
            }
            closed = true;
        }
        platform.closed(this);
    }

    synchronized boolean isClosed() {
        return closed;
    }

    MockPlatform platform() {
        return platform;
    }

    synchronized void enter() {
        if (closed) {
            throw new IllegalStateException("the address space is closed");
        }
        running++;
    }

    synchronized void leave() {
        running--;
    }

    /** Whether the guest may fetch an instruction at the address: if not, why. */
    Optional<Trap> fetch(long address) {
        if (!isCanonical(address)) {
            return Optional.of(Traps.generalProtection());
        }
        tableLock.readLock().lock();
        try {
            return refusalLocked(address, AccessType.EXECUTE);
        } finally {
            tableLock.readLock().unlock();
        }
    }

    /**
     * Touches bytes of guest memory, all of them or none.
     *
     * @return empty if that is done, else why it is not
     */
    Optional<Trap> access(long address, int length, AccessType kind, Touch touch) {
        if (!isCanonical(address) || !isCanonical(address + length - 1)) {
            return Optional.of(Traps.generalProtection());
        }
        tableLock.readLock().lock();
        try {
            for (int done = 0; done < length; done += lengthInPage(address + done, length - done)) {
                Optional<Trap> refusal = refusalLocked(address + done, kind);
                if (refusal.isPresent()) {
                    return refusal;
                }
            }
            for (int done = 0; done < length; ) {
                long at = address + done;
                int part = lengthInPage(at, length - done);
                Mapping mapping = table.floorEntry(at).getValue();
                long offset = mapping.offset() + at - mapping.range().start();
                touch.touch(mapping.file().view(), offset, part, done);
                done += part;
            }
            return Optional.empty();
        } finally {
            tableLock.readLock().unlock();
        }
    }

    /** How many bytes from the address, at most {@code length}, lie in its page. */
    static int lengthInPage(long address, int length) {
        return Math.min(length, Pages.SIZE - (int) (address - Pages.floor(address)));
    }

    static boolean isCanonical(long address) {
        long high = address >> CANONICAL_SHIFT;
        return high == 0 || high == -1;
    }

    private Optional<Trap> refusalLocked(long address, AccessType kind) {
        Map.Entry<Long, Mapping> entry = table.floorEntry(address);
        boolean mapped = entry != null && entry.getValue().range().contains(address);
        if (!mapped) {
            return Optional.of(
                    new Trap.Fault(address, kind, Signal.SIGSEGV, SignalCode.SEGV_MAPERR));
        }
        AccessType access = entry.getValue().access();
        // A page table entry has no bit for reading: whatever is present can be read.
        boolean allowed = kind == AccessType.READ ? access != AccessType.NONE : access.covers(kind);
        return allowed
                ? Optional.empty()
                : Optional.of(
                        new Trap.Fault(address, kind, Signal.SIGSEGV, SignalCode.SEGV_ACCERR));
    }

    private List<Mapping> overlappingLocked(AddressRange range) {
        Long first = table.floorKey(range.start());
        return table.subMap(first == null ? range.start() : first, range.end()).values().stream()
                .filter(mapping -> mapping.range().overlaps(range))
                .toList();
    }

    private void cutOutLocked(AddressRange range) {
        for (Mapping old : overlappingLocked(range)) {
            table.remove(old.range().start());
            AddressRange before =
                    new AddressRange(
                            old.range().start(), Math.max(old.range().start(), range.start()));
            AddressRange after =
                    new AddressRange(Math.min(old.range().end(), range.end()), old.range().end());
            if (!before.isEmpty()) {
                table.put(before.start(), old.part(before, old.access()));
            }
            if (!after.isEmpty()) {
                table.put(after.start(), old.part(after, old.access()));
            }
        }
    }

    private void requireUsable(AddressRange range) {
        boolean usable =
                !range.isEmpty()
                        && range.isPageAligned()
                        && platform.capabilities().userAddresses().contains(range);
        if (!usable) {
            throw new IllegalArgumentException("not a range that can be mapped: " + range);
        }
        if (isClosed()) {
            throw new IllegalStateException("the address space is closed");
        }
    }
}
