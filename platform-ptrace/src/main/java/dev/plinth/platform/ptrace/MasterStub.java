package dev.plinth.platform.ptrace;

import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.platform.ptrace.linux.Fcntl;
import dev.plinth.platform.ptrace.linux.Mman;
import dev.plinth.platform.ptrace.linux.Ptrace;
import dev.plinth.platform.ptrace.linux.SystemCalls;
import dev.plinth.platform.ptrace.linux.UserRegs;
import dev.plinth.platform.ptrace.linux.WaitStatus;
import dev.plinth.platform.ptrace.linux.Xsave;
import dev.plinth.platform.ptrace.stub.StubLayout;
import dev.plinth.platform.ptrace.stub.StubPage;

import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The process from which all stubs of a platform are cloned.
 *
 * <p>It is the one program that the platform starts. Made once into what every stub is &ndash; the
 * stub page and nothing else in its memory, the backing files and nothing else open, no new
 * privileges, the filter installed &ndash; it is copied for each address space, which costs a
 * quarter of a start.
 *
 * <p>Confined to the thread that started it, which must not end before it: the master dies with
 * that thread, and all stubs with the master.
 */
final class MasterStub implements AutoCloseable {
    private static final int SIGKILL = 9;

    /** More than any XSAVE area of today; the host says how much of it there is. */
    private static final int MAX_VECTOR_STATE_BYTES = 1 << 15;

    private static final int XSAVE_ALIGNMENT = 64;

    private final HostKernel host;
    private final Tracer tracer;
    private final StubPage page;
    private final int pid;

    /** Starts the process. */
    MasterStub(HostKernel host, Tracer tracer, HostFd batchFile, List<BackingFile> backingFiles) {
        this.host = requireNonNull(host, "host is null");
        this.tracer = requireNonNull(tracer, "tracer is null");
        page = new StubPage((int) host.require("getpid", SystemCalls.GETPID));
        try (HostFd program = createProgram()) {
            pid = host.spawn(request(program, batchFile, backingFiles));
        }
        try {
            setUp();
        } catch (StubLostException e) {
            throw lost("setting up a stub: " + e.getMessage());
        } catch (HostCallException e) {
            killAndReap();
            throw e;
        }
    }

    /** The page that is mapped in it and in all that are cloned from it. */
    StubPage page() {
        return page;
    }

    /** The number of the process. */
    int pid() {
        return pid;
    }

    /** The vector state that a new program has: an XSAVE area as ptrace gives it. */
    byte[] initialVectorState() {
        MemorySegment area = tracer.arena().allocate(MAX_VECTOR_STATE_BYTES, XSAVE_ALIGNMENT);
        long length =
                tracer.registerSet(
                        Ptrace.PTRACE_GETREGSET, pid, Ptrace.NT_X86_XSTATE, area, area.byteSize());
        if (length < Xsave.HEADER_END || length == area.byteSize()) {
            throw new HostCallException("ptrace(PTRACE_GETREGSET, NT_X86_XSTATE)", Errno.ENODEV);
        }
        byte[] state = new byte[(int) length];
        MemorySegment.ofArray(state).copyFrom(area.asSlice(0, length));
        return state;
    }

    /**
     * Makes a stub process.
     *
     * @param batchOffset of its batch page in the file
     * @return a process that lives; the caller owns it
     * @throws HostCallException if the host refuses
     */
    StubProcess newProcess(long batchOffset) {
        try {
            int leader = cloneChild(batchOffset);
            return adopt(leader);
        } catch (StubLostException e) {
            throw lost("clone(stub): " + e.getMessage());
        }
    }

    private int cloneChild(long batchOffset) {
        MemorySegment registers = tracer.registers();
        tracer.prepare(page.process());
        registers.set(JAVA_LONG, UserRegs.R12, pid);
        registers.set(JAVA_LONG, UserRegs.R9, batchOffset);
        tracer.run(pid, page.processEnd());
        return (int) result("clone(stub)", registers);
    }

    /** Lets a child that was just cloned make its preparations, and lets go of it. */
    private StubProcess adopt(int leader) {
        try {
            tracer.awaitStop(leader);
            tracer.finish(leader, page.processChildEnd());
            int thread = (int) result("clone(thread of a stub)", tracer.registers());
            int keeper = (int) tracer.registers().get(JAVA_LONG, UserRegs.RBX);
            StubProcess process =
                    new StubProcess(leader, keeper, thread, StubProcess.openHandle(host, leader));
            letGo(process);
            return process;
        } catch (HostCallException e) {
            kill(leader);
            tracer.awaitEnd(leader);
            throw e;
        }
    }

    private void letGo(StubProcess process) {
        try {
            tracer.detach(process.leader(), page.idle());
        } catch (StubLostException e) {
            process.close();
            throw e;
        }
    }

    private HostFd createProgram() {
        HostFd file =
                HostFiles.createMemoryFile(
                        host,
                        tracer.arena(),
                        StubPage.PROCESS_NAME,
                        Mman.MFD_ALLOW_SEALING | Mman.MFD_EXEC);
        boolean done = false;
        try {
            MemorySegment bytes = tracer.arena().allocate(StubPage.BYTES);
            MemorySegment.copy(MemorySegment.ofArray(page.bytes()), 0, bytes, 0, StubPage.BYTES);
            host.require(
                    "pwrite64(stub)",
                    SystemCalls.PWRITE64,
                    file.number(),
                    bytes.address(),
                    bytes.byteSize(),
                    0);
            host.require(
                    "fcntl(stub, F_ADD_SEALS)",
                    SystemCalls.FCNTL,
                    file.number(),
                    Fcntl.F_ADD_SEALS,
                    Fcntl.F_SEAL_ALL);
            done = true;
            return file;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    private static SpawnRequest request(
            HostFd program, HostFd batchFile, List<BackingFile> backingFiles) {
        Map<Integer, HostFd> descriptors = new HashMap<>();
        descriptors.put(StubLayout.STUB_FD, program);
        descriptors.put(StubLayout.BATCH_FD, batchFile);
        for (int i = 0; i < backingFiles.size(); i++) {
            descriptors.put(StubLayout.FIRST_BACKING_FD + i, backingFiles.get(i).file());
        }
        return new SpawnRequest(
                "/proc/self/fd/" + StubLayout.STUB_FD,
                List.of(StubPage.PROCESS_NAME),
                List.of(),
                descriptors,
                true);
    }

    private void setUp() {
        // The first stop is behind execve, for its events are not asked for; but it may be in front
        // of the program's first instruction, so the set-up relies on none having been executed.
        tracer.seize(pid, CpuMask.ANY);
        runList(
                page.loadedBatch(),
                page.loadedBatchEnd(),
                page.loadedSetUp(),
                page.loadedSetUpEnd());
        runList(page.batch(), page.batchEnd(), page.setUp(), page.setUpEnd());
    }

    private void runList(long routine, long routineEnd, long list, long listEnd) {
        MemorySegment registers = tracer.registers();
        tracer.prepare(routine);
        registers.set(JAVA_LONG, UserRegs.RBX, list);
        registers.set(JAVA_LONG, UserRegs.RBP, listEnd);
        tracer.run(pid, routineEnd);
        long reached = registers.get(JAVA_LONG, UserRegs.RBX);
        if (reached != listEnd) {
            throw HostCallException.ofResult(
                    "setting up a stub, call " + (reached - list) / StubPage.ENTRY_BYTES,
                    new long[0],
                    registers.get(JAVA_LONG, UserRegs.RAX));
        }
    }

    private static long result(String operation, MemorySegment registers) {
        long result = registers.get(JAVA_LONG, UserRegs.RAX);
        if (Errno.isError(result)) {
            throw HostCallException.ofResult(operation, new long[0], result);
        }
        return result;
    }

    private static HostCallException lost(String operation) {
        return new HostCallException(operation, Errno.ESRCH);
    }

    private void kill(int process) {
        // SAFETY: the process is this thread's child or tracee and was not waited for, so that the
        // number is its own, even if it is dead.
        host.syscall(SystemCalls.TGKILL, process, process, SIGKILL);
    }

    private void killAndReap() {
        kill(pid);
        tracer.awaitEnd(pid);
    }

    /**
     * Waits until all stubs that were cloned from it are gone.
     *
     * <p>Precondition: they have been killed, and none is traced.
     */
    void awaitChildren() {
        // A parent that ignores the end of its children waits here for the last, and gets ECHILD.
        MemorySegment registers = tracer.registers();
        tracer.prepare(page.call());
        registers.set(JAVA_LONG, UserRegs.RAX, SystemCalls.WAIT4);
        registers.set(JAVA_LONG, UserRegs.RDI, -1);
        registers.set(JAVA_LONG, UserRegs.RDX, WaitStatus.WALL);
        tracer.run(pid, page.callEnd());
    }

    /** Kills the master, and whatever stub is still alive with it. */
    @Override
    public void close() {
        killAndReap();
    }
}
