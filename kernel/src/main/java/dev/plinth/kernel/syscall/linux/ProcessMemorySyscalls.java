package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.HEX;
import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.syscall.SyscallRow.supported;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.CrossProcessAccess;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.mm.GuestMemory;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.Task;

import java.util.ArrayList;
import java.util.List;

/** The memory of other processes: mm/process_vm_access.c. */
final class ProcessMemorySyscalls implements SyscallFamily {
    /** {@code struct iovec}. */
    private static final int IOVEC_BYTES = 16;

    private static final int MAX_IOVECS = 1024;

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                supported(
                        "process_vm_readv",
                        (task, arguments) -> transfer(task, arguments, false),
                        INT,
                        POINTER,
                        SIZE,
                        POINTER,
                        SIZE,
                        HEX),
                supported(
                        "process_vm_writev",
                        (task, arguments) -> transfer(task, arguments, true),
                        INT,
                        POINTER,
                        SIZE,
                        POINTER,
                        SIZE,
                        HEX));
    }

    /** {@code process_vm_rw}. */
    private static long transfer(Task task, SyscallArguments arguments, boolean write) {
        if (arguments.longAt(5) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        GuestMemory own = task.guestMemory();
        List<AddressRange> here = own.readIovec(arguments.longAt(1), arguments.longAt(2));
        if (here.stream().allMatch(AddressRange::isEmpty)) {
            return 0;
        }
        List<Piece> there = remotePieces(own, arguments.longAt(3), arguments.longAt(4));
        if (there.stream().allMatch(piece -> piece.length() == 0)) {
            return 0;
        }
        Task other = TaskNumbers.task(task, arguments.intAt(0));
        // First: if the process executes another program meanwhile, the answer is about that.
        GuestMemory others = other.guestMemory();
        requireAccess(task, other);
        return copy(own, here, others, there, write);
    }

    /** A buffer in the other process, which may lie anywhere: it is checked when it is used. */
    private record Piece(long address, long length) {}

    private static List<Piece> remotePieces(GuestMemory own, long address, long count) {
        if (count < 0 || count > MAX_IOVECS) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        List<Piece> pieces = new ArrayList<>((int) count);
        for (int i = 0; i < count; i++) {
            long entry = address + (long) i * IOVEC_BYTES;
            Piece piece = new Piece(own.readLong(entry), own.readLong(entry + Long.BYTES));
            if (piece.length() < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            pieces.add(piece);
        }
        return pieces;
    }

    /** {@code __ptrace_may_access} with PTRACE_MODE_ATTACH_REALCREDS. */
    private static void requireAccess(Task task, Task other) {
        if (task.group() == other.group()) {
            return;
        }
        Credentials mine = task.credentials();
        Credentials theirs = other.credentials();
        if (!CrossProcessAccess.mayAttach(mine, theirs, other.group().settings().isDumpable())) {
            throw ErrnoException.of(Errno.EPERM);
        }
    }

    /**
     * Copies page by page, by way of a buffer, so that the locks of only one of the two memories
     * are held at a time.
     */
    private static long copy(
            GuestMemory own,
            List<AddressRange> here,
            GuestMemory others,
            List<Piece> there,
            boolean write) {
        long done = 0;
        int index = 0;
        long used = 0;
        try {
            for (Piece piece : there) {
                long at = piece.address();
                long left = piece.length();
                while (left > 0 && index < here.size()) {
                    AddressRange local = here.get(index);
                    if (used == local.length()) {
                        index++;
                        used = 0;
                        continue;
                    }
                    long inPage = Pages.SIZE - (at & (Pages.SIZE - 1));
                    int length = (int) Math.min(Math.min(inPage, left), local.length() - used);
                    if (write) {
                        others.copyOut(at, own.copyIn(local.start() + used, length));
                    } else {
                        own.copyOut(local.start() + used, others.copyIn(at, length));
                    }
                    done += length;
                    used += length;
                    at += length;
                    left -= length;
                }
            }
        } catch (ErrnoException e) {
            if (done == 0) {
                throw e;
            }
        }
        return done;
    }
}
