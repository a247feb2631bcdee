package dev.plinth.kernel.mm;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** A page table that checks what is asked of it, and counts the calls. */
final class FakeAddressSpace implements AddressSpace {
    /**
     * Where a page lies, and what may be done with it.
     *
     * @param offset in the backing file
     */
    record Entry(BackingFile file, long offset, AccessType access) {}

    private final Map<Long, Entry> table = new TreeMap<>();
    private int maps;
    private int protects;
    private int unmaps;
    private boolean closed;

    /** How many changes are made before one is refused; negative if none is. */
    private int untilRefusal = -1;

    /** Has the host refuse one change of mappings, after some more that it makes. */
    synchronized void refuseAfter(int changes) {
        untilRefusal = changes;
    }

    private void change() {
        if (untilRefusal == 0) {
            untilRefusal = -1;
            throw new HostCallException("mprotect", Errno.ENOMEM);
        }
        untilRefusal = Math.max(-1, untilRefusal - 1);
    }

    @Override
    public synchronized void map(
            AddressRange range, BackingFile file, long offset, AccessType access) {
        check(range);
        if (access == AccessType.NONE || !access.canRead() || !Pages.isAligned(offset)) {
            throw new IllegalArgumentException(range + " " + access);
        }
        change();
        maps++;
        for (long page = range.start(); page < range.end(); page += Pages.SIZE) {
            table.put(page, new Entry(file, offset + (page - range.start()), access));
        }
    }

    @Override
    public synchronized void protect(AddressRange range, AccessType access) {
        check(range);
        change();
        protects++;
        for (long page = range.start(); page < range.end(); page += Pages.SIZE) {
            Entry entry = table.get(page);
            if (entry == null) {
                throw new IllegalStateException("not mapped: " + Long.toHexString(page));
            }
            table.put(page, new Entry(entry.file(), entry.offset(), access));
        }
    }

    @Override
    public synchronized void unmap(AddressRange range) {
        check(range);
        change();
        unmaps++;
        table.keySet().removeIf(range::contains);
    }

    @Override
    public synchronized void close() {
        closed = true;
        table.clear();
    }

    private void check(AddressRange range) {
        if (closed || range.isEmpty() || !range.isPageAligned()) {
            throw new IllegalStateException("closed " + closed + ", range " + range);
        }
    }

    /** What the processor finds for an address. */
    synchronized Optional<Entry> lookUp(long address) {
        return Optional.ofNullable(table.get(Pages.floor(address)));
    }

    synchronized int mappedPages() {
        return table.size();
    }

    synchronized int mapCalls() {
        return maps;
    }

    synchronized int protectCalls() {
        return protects;
    }

    synchronized int unmapCalls() {
        return unmaps;
    }

    synchronized boolean isClosed() {
        return closed;
    }
}
