package dev.plinth.kernel.mm;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.SavedWith;

import java.util.Optional;

/** Page faults, those of the guest's instructions and those that system calls would have. */
@SavedWith(MemoryManager.class)
final class Faults {
    /** Stacks grow by this much at a time, where nothing is in the way. */
    private static final long STACK_GROWTH = 64 << 10;

    private final Mappings mappings;
    private final Pager pager;

    Faults(Mappings mappings) {
        this.mappings = mappings;
        this.pager = mappings.pager();
    }

    /** See {@link MemoryManager#handleFault}. */
    FaultOutcome handle(long address, AccessType access) {
        return access(address, access, vma -> pager.resolveFault(vma, address, access));
    }

    /** See {@link MemoryManager#faultIn}. */
    FaultOutcome faultIn(long address, long length, AccessType access) {
        return access(
                address,
                access,
                vma -> {
                    long end = length > vma.end() - address ? vma.end() : address + length;
                    pager.populate(vma, Pages.floor(address), Pages.ceil(end), access);
                });
    }

    /** Brings pages of an area in, which allows the access. */
    private interface Populate {
        void populate(Vma vma);
    }

    private FaultOutcome access(long address, AccessType access, Populate populate) {
        if (!mappings.layout().userAddresses().contains(address)) {
            return FaultOutcome.SEGV_MAPERR;
        }
        mappings.readLock().lock();
        try {
            Optional<Vma> vma = mappings.vmas().find(address);
            if (vma.isPresent()) {
                return access(vma.get(), access, populate);
            }
        } finally {
            mappings.readLock().unlock();
        }
        mappings.writeLock().lock();
        try {
            // Another thread may have mapped something there meanwhile.
            Optional<Vma> vma = mappings.vmas().find(address);
            if (vma.isEmpty() && growStackLocked(address)) {
                vma = mappings.vmas().find(address);
            }
            return vma.isPresent() ? access(vma.get(), access, populate) : FaultOutcome.SEGV_MAPERR;
        } finally {
            mappings.writeLock().unlock();
        }
    }

    private static FaultOutcome access(Vma vma, AccessType access, Populate populate) {
        if (!vma.allows(access)) {
            return FaultOutcome.SEGV_ACCERR;
        }
        try {
            populate.populate(vma);
            return FaultOutcome.RESOLVED;
        } catch (BusErrorException e) {
            return FaultOutcome.BUS_ADRERR;
        } catch (ErrnoException e) {
            return e.errno() == Errno.ENOMEM ? FaultOutcome.OUT_OF_MEMORY : FaultOutcome.BUS_ADRERR;
        }
    }

    /**
     * Grows the stack above an address down to it, as {@code expand_downwards} does; Linux asks no
     * longer how far the address is from the stack pointer.
     */
    private boolean growStackLocked(long address) {
        Optional<Vma> above = mappings.vmas().findOrAbove(address);
        if (above.isEmpty() || !above.get().has(Vma.GROWS_DOWN)) {
            return false;
        }
        Vma stack = above.get();
        return mappings.growDown(stack, address & -STACK_GROWTH)
                || mappings.growDown(stack, Pages.floor(address));
    }
}
