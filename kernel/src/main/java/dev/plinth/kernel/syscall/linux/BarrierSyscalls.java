package dev.plinth.kernel.syscall.linux;

import static dev.plinth.kernel.strace.Formats.INT;
import static dev.plinth.kernel.strace.Formats.POINTER;
import static dev.plinth.kernel.strace.Formats.SIZE;
import static dev.plinth.kernel.strace.Formats.UNSIGNED;
import static dev.plinth.kernel.syscall.SyscallRow.partial;
import static dev.plinth.kernel.syscall.SyscallRow.supported;
import static dev.plinth.kernel.syscall.SyscallRow.unimplemented;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.strace.NameFormat;
import dev.plinth.kernel.strace.StructFormats;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallRow;
import dev.plinth.kernel.task.MemoryBarrier;
import dev.plinth.kernel.task.Scheduling;
import dev.plinth.kernel.task.Task;

import java.util.List;

/** What programs ask of the processors and the memory next to them. */
final class BarrierSyscalls implements SyscallFamily {
    private static final int QUERY = 0;
    private static final int GLOBAL = 1;
    private static final int GLOBAL_EXPEDITED = 2;
    private static final int REGISTER_GLOBAL_EXPEDITED = 4;
    private static final int PRIVATE_EXPEDITED = 8;
    private static final int REGISTER_PRIVATE_EXPEDITED = 16;
    private static final int PRIVATE_EXPEDITED_SYNC_CORE = 32;
    private static final int REGISTER_PRIVATE_EXPEDITED_SYNC_CORE = 64;
    private static final int GET_REGISTRATIONS = 512;

    private static final int SUPPORTED =
            GLOBAL
                    | GLOBAL_EXPEDITED
                    | REGISTER_GLOBAL_EXPEDITED
                    | PRIVATE_EXPEDITED
                    | REGISTER_PRIVATE_EXPEDITED
                    | PRIVATE_EXPEDITED_SYNC_CORE
                    | REGISTER_PRIVATE_EXPEDITED_SYNC_CORE
                    | GET_REGISTRATIONS;

    private static final int MPOL_DEFAULT = 0;
    private static final int MPOL_PREFERRED = 1;
    private static final int MPOL_LOCAL = 4;
    private static final int MPOL_LAST = 6;
    private static final int MPOL_F_NODE = 1;
    private static final int MPOL_F_ADDR = 2;
    private static final int MPOL_F_MEMS_ALLOWED = 4;

    /** There is one node, with all memory. */
    private static final long NODES = 1;

    private static final ArgumentFormat COMMAND =
            new NameFormat()
                    .with(QUERY, "MEMBARRIER_CMD_QUERY")
                    .with(GLOBAL, "MEMBARRIER_CMD_GLOBAL")
                    .with(GLOBAL_EXPEDITED, "MEMBARRIER_CMD_GLOBAL_EXPEDITED")
                    .with(REGISTER_GLOBAL_EXPEDITED, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED")
                    .with(PRIVATE_EXPEDITED, "MEMBARRIER_CMD_PRIVATE_EXPEDITED")
                    .with(REGISTER_PRIVATE_EXPEDITED, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED")
                    .family("MEMBARRIER_CMD_???");

    @Override
    public List<SyscallRow> rows() {
        return List.of(
                partial(
                        "membarrier",
                        "no barriers for rseq",
                        BarrierSyscalls::membarrier,
                        COMMAND,
                        UNSIGNED,
                        INT),
                unimplemented(
                        "rseq", Errno.ENOSYS, "C libraries do without", POINTER, SIZE, INT, INT),
                partial(
                        "set_mempolicy",
                        "one node; kept and shown",
                        BarrierSyscalls::setMempolicy,
                        INT,
                        POINTER,
                        SIZE),
                supported(
                        "get_mempolicy",
                        BarrierSyscalls::getMempolicy,
                        StructFormats.INT_OUT,
                        POINTER,
                        SIZE,
                        POINTER,
                        SIZE));
    }

    /** Implements membarrier(2). */
    private static long membarrier(Task task, SyscallArguments arguments) {
        int command = arguments.intAt(0);
        if (arguments.intAt(1) != 0) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        switch (command) {
            case QUERY -> {
                return SUPPORTED;
            }
            case GET_REGISTRATIONS -> {
                return task.group().barrierRegistrations();
            }
            case REGISTER_GLOBAL_EXPEDITED,
                    REGISTER_PRIVATE_EXPEDITED,
                    REGISTER_PRIVATE_EXPEDITED_SYNC_CORE ->
                    task.group().registerForBarriers(command);
            case GLOBAL, GLOBAL_EXPEDITED ->
                    new MemoryBarrier(task.kernel()).pass(task, other -> true);
            case PRIVATE_EXPEDITED, PRIVATE_EXPEDITED_SYNC_CORE -> {
                // Each command's registration is the next bit.
                if ((task.group().barrierRegistrations() & command << 1) == 0) {
                    throw ErrnoException.of(Errno.EPERM);
                }
                new MemoryBarrier(task.kernel())
                        .pass(task, other -> other.memory() == task.memory());
            }
            default -> throw ErrnoException.of(Errno.EINVAL);
        }
        return 0;
    }

    private static long readNodes(Task task, long address, long count) {
        if (address == 0 || count <= 1) {
            return 0;
        }
        // The count is one too many, as libnuma has it.
        long bits = Math.min(count - 1, Long.SIZE);
        return task.guestMemory().readLong(address) & -1L >>> (Long.SIZE - bits);
    }

    private static long setMempolicy(Task task, SyscallArguments arguments) {
        int mode = arguments.intAt(0);
        long nodes = readNodes(task, arguments.longAt(1), arguments.longAt(2));
        boolean withoutNodes = mode == MPOL_DEFAULT || mode == MPOL_LOCAL;
        boolean mayBeWithout = withoutNodes || mode == MPOL_PREFERRED;
        if (mode < 0
                || mode > MPOL_LAST
                || (withoutNodes && nodes != 0)
                || (!mayBeWithout && (nodes & NODES) == 0)
                || (nodes != 0 && (nodes & NODES) == 0)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Scheduling.MemoryPolicy policy = new Scheduling.MemoryPolicy(mode, nodes & NODES);
        task.changeScheduling(before -> before.withMemory(policy));
        return 0;
    }

    /** Implements get_mempolicy(2). */
    private static long getMempolicy(Task task, SyscallArguments arguments) {
        long modeAddress = arguments.longAt(0);
        long nodesAddress = arguments.longAt(1);
        long flags = arguments.longAt(4);
        if ((flags & ~(MPOL_F_NODE | MPOL_F_ADDR | MPOL_F_MEMS_ALLOWED)) != 0
                || (nodesAddress != 0 && arguments.longAt(2) < 1)) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        Scheduling.MemoryPolicy policy = task.scheduling().memory();
        int mode = (flags & (MPOL_F_NODE | MPOL_F_MEMS_ALLOWED)) != 0 ? 0 : policy.mode();
        long nodes = (flags & MPOL_F_MEMS_ALLOWED) != 0 ? NODES : policy.nodes();
        if (modeAddress != 0) {
            task.guestMemory().writeInt(modeAddress, mode);
        }
        if (nodesAddress != 0) {
            long bytes = (Math.min(arguments.longAt(2), 1024) + 63) / 64 * Long.BYTES;
            task.guestMemory().zero(nodesAddress, bytes);
            task.guestMemory().writeLong(nodesAddress, nodes);
        }
        return 0;
    }
}
