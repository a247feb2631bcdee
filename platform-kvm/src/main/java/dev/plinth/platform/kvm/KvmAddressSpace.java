package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.platform.kvm.stub.GuestLayout;
import dev.plinth.platform.kvm.x86.PageEntry;

import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An address space: what is mapped, and the page tables that say so.
 *
 * <p>The tables are filled when something is mapped, if that is little, else when it is touched: a
 * store takes nanoseconds, a fault that goes out to the platform and back 90 &micro;s.
 */
final class KvmAddressSpace implements AddressSpace {
    /** What is mapped at once, and what is mapped around a page that was touched. */
    private static final long EAGER_BYTES = PageTables.LEAF_TABLE_BYTES;

    private final VirtualMachine machine;
    private final long root;

    private final ReentrantLock tableLock = new ReentrantLock();

    @GuardedBy("tableLock")
    private final PageTables tables;

    @GuardedBy("tableLock")
    private final Mappings mappings = new Mappings();

    /** Written under tableLock. */
    private volatile boolean closed;

    /** How many contexts run in it; atomic. */
    private final AtomicInteger running = new AtomicInteger();

    /** What a page fault is about. */
    enum Fault {
        /** The access is allowed, and possible now. */
        RESOLVED,
        /** Something is mapped there, but not for this access. */
        DENIED,
        /** Nothing is mapped there. */
        UNMAPPED
    }

    KvmAddressSpace(VirtualMachine machine) {
        this.machine = machine;
        tables = machine.newPageTables();
        root = tables.root();
    }

    @Override
    public void map(AddressRange range, BackingFile file, long offset, AccessType access) {
        check(range);
        requireNonNull(access, "access is null");
        if (access == AccessType.NONE || !Pages.isAligned(offset)) {
            throw new IllegalArgumentException("offset 0x%x, %s".formatted(offset, access));
        }
        long guestPhysical = machine.memory().locate(file, offset, range.length());
        long flags = PageEntry.leaf(access);
        tableLock.lock();
        try {
            requireOpen();
            mappings.put(new Mapping(range, guestPhysical, access));
            if (range.length() <= EAGER_BYTES) {
                tables.map(range, guestPhysical, flags);
            } else {
                tables.clear(range);
            }
        } finally {
            tableLock.unlock();
        }
    }

    @Override
    public void protect(AddressRange range, AccessType access) {
        check(range);
        tableLock.lock();
        try {
            requireOpen();
            if (!mappings.covers(range)) {
                throw new IllegalArgumentException("not all mapped: " + range);
            }
            mappings.protect(range, access);
            tables.protect(range, PageEntry.leaf(access));
        } finally {
            tableLock.unlock();
        }
    }

    @Override
    public void unmap(AddressRange range) {
        check(range);
        tableLock.lock();
        try {
            requireOpen();
            mappings.remove(range);
            tables.clear(range);
        } finally {
            tableLock.unlock();
        }
    }

    private static void check(AddressRange range) {
        boolean good =
                !range.isEmpty()
                        && range.isPageAligned()
                        && GuestLayout.USER_ADDRESSES.contains(range);
        if (!good) {
            throw new IllegalArgumentException("cannot be mapped: " + range);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the address space is closed");
        }
    }

    /** Takes note that a context runs in it; {@link #leave} follows. */
    void enter() {
        running.incrementAndGet();
        if (closed) {
            running.decrementAndGet();
            throw new IllegalStateException("the address space is closed");
        }
    }

    /** Takes {@link #enter} back. */
    void leave() {
        running.decrementAndGet();
    }

    /**
     * Makes an access possible, if it is allowed.
     *
     * @throws dev.plinth.api.host.HostCallException if there is no room for page tables
     */
    Fault resolve(long address, AccessType attempt) {
        tableLock.lock();
        try {
            Optional<Mapping> found = mappings.find(address);
            if (found.isEmpty()) {
                return Fault.UNMAPPED;
            }
            if (!found.get().allows(attempt)) {
                return Fault.DENIED;
            }
            long start = address & -EAGER_BYTES;
            Mapping around = found.get().within(AddressRange.ofLength(start, EAGER_BYTES));
            tables.fill(around.range(), around.guestPhysical(), PageEntry.leaf(around.access()));
            return Fault.RESOLVED;
        } finally {
            tableLock.unlock();
        }
    }

    /**
     * Reads what the guest would execute.
     *
     * @return how many bytes there are, zero if the first is not executable
     */
    int readCode(long address, byte[] code) {
        tableLock.lock();
        try {
            int read = 0;
            while (read < code.length) {
                Optional<Mapping> found = mappings.find(address + read);
                if (found.isEmpty() || !found.get().allows(AccessType.EXECUTE)) {
                    return read;
                }
                Mapping mapping = found.get();
                long left = mapping.range().end() - (address + read);
                int bytes = (int) Math.min(code.length - read, left);
                MemorySegment source =
                        machine.memory().slice(mapping.locate(address + read), bytes);
                MemorySegment.copy(source, JAVA_BYTE, 0, code, read, bytes);
                read += bytes;
            }
            return read;
        } finally {
            tableLock.unlock();
        }
    }

    /** The guest physical address of the root of the page tables. */
    long root() {
        return root;
    }

    /** Whether it belongs to this virtual machine. */
    boolean isOf(VirtualMachine other) {
        return machine == other;
    }

    @Override
    public void close() {
        tableLock.lock();
        try {
            if (closed) {
                return;
            }
            if (running.get() > 0) {
                throw new IllegalStateException("contexts run in the address space");
            }
            closed = true;
            tables.close();
        } finally {
            tableLock.unlock();
        }
        machine.forget(this);
    }
}
