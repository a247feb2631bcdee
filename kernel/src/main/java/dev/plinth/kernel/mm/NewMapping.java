package dev.plinth.kernel.mm;

import static dev.plinth.kernel.mm.linux.Mman.LEGACY_MAP_MASK;
import static dev.plinth.kernel.mm.linux.Mman.MAP_FIXED_NOREPLACE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_GROWSDOWN;
import static dev.plinth.kernel.mm.linux.Mman.MAP_HUGETLB;
import static dev.plinth.kernel.mm.linux.Mman.MAP_LOCKED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_NORESERVE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_POPULATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_PRIVATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED;
import static dev.plinth.kernel.mm.linux.Mman.MAP_SHARED_VALIDATE;
import static dev.plinth.kernel.mm.linux.Mman.MAP_TYPE;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.SavedWith;

import java.util.Optional;

/** Makes mappings: mmap(2), and pages of the kernel's own. */
@SavedWith(MemoryManager.class)
final class NewMapping {
    private final Mappings mappings;
    private final Pager pager;

    NewMapping(Mappings mappings) {
        this.mappings = mappings;
        this.pager = mappings.pager();
    }

    /**
     * See {@link MemoryManager#mmap}.
     *
     * @param file empty for anonymous memory
     */
    long map(
            long address,
            long length,
            int prot,
            int flags,
            Optional<MappedFile> file,
            long offset) {
        if (length == 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (length < 0 || length > mappings.taskSize()) {
            throw ErrnoException.of(Errno.ENOMEM);
        }
        if ((flags & MAP_HUGETLB) != 0) {
            // Like a machine that has no huge pages set aside.
            throw ErrnoException.of(file.isPresent() ? Errno.EINVAL : Errno.ENOMEM);
        }
        long size = Pages.ceil(length);
        AccessType access = AccessType.ofProt(prot & MemoryManager.PROT_MASK);
        VmaSet.Dropped dropped = new VmaSet.Dropped();
        Vma vma;
        mappings.writeLock().lock();
        try {
            mappings.checkCount();
            long start = mappings.place(address, size, flags, file.isPresent());
            if ((flags & MAP_FIXED_NOREPLACE) != 0
                    && !mappings.vmas().isFree(start, start + size)) {
                throw ErrnoException.of(Errno.EEXIST);
            }
            int vmaFlags =
                    mappings.futureFlags()
                            | ((flags & MAP_GROWSDOWN) != 0 ? Vma.GROWS_DOWN : 0)
                            | ((flags & MAP_LOCKED) != 0 ? Vma.LOCKED : 0);
            mappings.checkLocked(vmaFlags, size, (flags & MAP_LOCKED) != 0, Errno.EAGAIN);
            vma =
                    file.isPresent()
                            ? fileVma(start, size, access, flags, vmaFlags, file.get(), offset)
                            : anonymousVma(start, size, access, flags, vmaFlags);
            mappings.checkRoom(vma, start, start + size, (flags & MAP_NORESERVE) != 0);
            mappings.unmap(start, start + size, dropped);
            mappings.insert(vma);
            mappings.vmas().merge(start, start + size, dropped);
            boolean eager = vma.mappable().isEmpty() && size <= MemoryManager.EAGER;
            if (eager || (flags & MAP_POPULATE) != 0 || vma.has(Vma.LOCKED)) {
                mappings.populate(start, start + size);
            }
        } finally {
            mappings.writeLock().unlock();
            dropped.release();
        }
        return vma.start();
    }

    private static Vma fileVma(
            long start,
            long size,
            AccessType access,
            int flags,
            int vmaFlags,
            MappedFile file,
            long offset) {
        if (offset < 0 || offset + size < 0) {
            throw ErrnoException.of(Errno.EOVERFLOW);
        }
        int type = flags & MAP_TYPE;
        boolean shared = type == MAP_SHARED || type == MAP_SHARED_VALIDATE;
        AccessType max = AccessType.READ_WRITE_EXECUTE;
        if (type == MAP_SHARED_VALIDATE && (flags & ~(LEGACY_MAP_MASK | MAP_TYPE)) != 0) {
            throw ErrnoException.of(Errno.EOPNOTSUPP);
        }
        if (!shared && type != MAP_PRIVATE) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        if (shared && !file.isWritable()) {
            if (access.canWrite()) {
                throw ErrnoException.of(Errno.EACCES);
            }
            max = max.withoutWrite();
        }
        if (shared && file.isSealed()) {
            if (access.canWrite()) {
                throw ErrnoException.of(Errno.EPERM);
            }
            max = max.withoutWrite();
        }
        if (!file.isReadable()) {
            throw ErrnoException.of(Errno.EACCES);
        }
        if (!file.mayExecute()) {
            if (access.canExecute()) {
                throw ErrnoException.of(Errno.EPERM);
            }
            max = max.intersect(AccessType.READ_WRITE);
        }
        Optional<? extends Mappable> mappable = file.mappable();
        if (mappable.isEmpty()) {
            throw ErrnoException.of(Errno.ENODEV);
        }
        if ((vmaFlags & Vma.GROWS_DOWN) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return new Vma(
                start,
                start + size,
                access,
                max,
                shared ? vmaFlags | Vma.SHARED : vmaFlags,
                mappable,
                Optional.of(file),
                offset);
    }

    private Vma anonymousVma(long start, long size, AccessType access, int flags, int vmaFlags) {
        AccessType max = AccessType.READ_WRITE_EXECUTE;
        return switch (flags & MAP_TYPE) {
            case MAP_PRIVATE -> Vma.anonymous(start, start + size, access, max, vmaFlags);
            case MAP_SHARED -> {
                if ((vmaFlags & Vma.GROWS_DOWN) != 0) {
                    throw ErrnoException.of(Errno.EINVAL);
                }
                yield new Vma(
                        start,
                        start + size,
                        access,
                        max,
                        vmaFlags | Vma.SHARED,
                        Optional.of(new SharedAnonymous(pager.memory(), size)),
                        Optional.empty(),
                        0);
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        };
    }

    /** See {@link MemoryManager#mapKernelPage}. */
    boolean mapKernelPage(long address, AccessType access, AccessType maxAccess, MappedFile page) {
        Vma vma =
                new Vma(
                        address,
                        address + Pages.SIZE,
                        access,
                        maxAccess,
                        0,
                        page.mappable(),
                        Optional.of(page),
                        0);
        mappings.writeLock().lock();
        try {
            if (!mappings.vmas().isFree(vma.start(), vma.end())) {
                return false;
            }
            mappings.insert(vma);
            mappings.populate(vma.start(), vma.end());
            return true;
        } finally {
            mappings.writeLock().unlock();
        }
    }
}
