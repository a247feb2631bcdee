package dev.plinth.kernel.task;

import com.google.protobuf.ByteString;

import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.Registers;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.signal.FaultDetails;
import dev.plinth.kernel.signal.UserFlags;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ProgramState;
import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.state.proto.TaskState;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FsContext;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Tasks as they are saved.
 *
 * <p>One that has ended may be remembered by its process, whose number it has, or by a timer: of it
 * is saved what can still be asked.
 */
@SavedWith(Task.class)
@NotSaved("lives while a sandbox is restored")
final class SavedTask {
    /** {@code __USER_CS} and {@code __USER32_CS} of asm/segment.h; zero if a platform has none. */
    private static final Set<Long> USER_CS = Set.of(0L, 0x33L, 0x23L);

    /** {@code __USER_DS}. */
    private static final Set<Long> USER_SS = Set.of(0L, 0x2bL);

    private final Kernel kernel;
    private final Function<RestartState, RestartBlock> restartBlocks;

    /** Of the process whose task is being made: its program is held to them, if it is the first. */
    private ResourceLimits limits = ResourceLimits.initial();

    /** The memory of programs. */
    private final Set<Integer> memories = new HashSet<>();

    /** Of all that have ended: an address space for each would take a platform long. */
    private Optional<TaskResources> nothing = Optional.empty();

    /** Those that have not ended. */
    private final List<Task> made = new ArrayList<>();

    /**
     * Restores tasks.
     *
     * @param restartBlocks makes calls again that a signal broke off
     */
    SavedTask(Kernel kernel, Function<RestartState, RestartBlock> restartBlocks) {
        this.kernel = kernel;
        this.restartBlocks = restartBlocks;
    }

    static ObjectState.Builder save(Task task, StateWriter writer) {
        boolean ended = !task.group().tasks().contains(task);
        ResourceUsage usage = task.usage();
        TaskState.Builder state =
                TaskState.newBuilder()
                        .setProcessRef(writer.reference(task.group()))
                        .setTid(task.tid())
                        .setName(ByteString.copyFrom(task.name()))
                        .setRegisters(registers(task.registers()))
                        .setClearChildTid(task.clearChildTid())
                        .setRobustList(task.robustList())
                        .setSettings(task.settings().save())
                        .setScheduling(task.scheduling().save())
                        .setVforkToldRef(writer.reference(task.vforkWait()))
                        .setVforkAwaitedRef(writer.reference(task.lent()))
                        .setFault(task.faultDetails().save())
                        .setEnded(ended)
                        .setUserNanos(usage.userNanos())
                        .setSystemNanos(usage.systemNanos())
                        .setCredentials(task.credentials().save());
        task.call().save(state);
        task.signals().save(state);
        task.ending().ifPresent(how -> state.setEnding(how.save()));
        if (!ended) {
            state.setVectorState(ByteString.copyFrom(task.vectorState()))
                    .setProgramRef(writer.reference(task.resources().image()))
                    .setFilesRef(writer.reference(task.files()))
                    .setFsRef(writer.reference(task.fs()));
        }
        return ObjectState.newBuilder().setTask(state);
    }

    private static ByteString registers(Registers registers) {
        return ByteString.copyFrom(registers.segment().toArray(ValueLayout.JAVA_BYTE));
    }

    Task restore(ObjectState object, StateReader reader) {
        TaskState state = object.getTask();
        ThreadGroup group = reader.get(state.getProcessRef(), ThreadGroup.class);
        if (state.getTid() < 1 || state.getTid() >= ProcessNumbers.LIMIT) {
            throw StateReader.corrupt("task " + state.getTid());
        }
        Credentials credentials = Credentials.restore(state.getCredentials());
        TaskSettings settings = TaskSettings.restore(state.getSettings());
        TaskResources resources =
                state.getEnded()
                        ? nothing(credentials)
                        : resources(state, group, credentials, reader);
        Task task = new Task(kernel, group, state.getTid(), new byte[0], settings, resources);
        if (!state.getEnded()) {
            made.add(task);
        }
        task.setName(state.getName().toByteArray());
        restoreRegisters(state, task.registers());
        Scheduling scheduling = Scheduling.restore(state.getScheduling());
        task.changeScheduling(_ -> scheduling);
        task.signals().restore(state);
        task.setClearChildTid(state.getClearChildTid());
        task.setRobustList(state.getRobustList());
        task.call().restore(state, restartBlocks);
        task.restoreUsed(new TaskClock.Used(state.getUserNanos(), state.getSystemNanos()));
        task.setFaultDetails(FaultDetails.restore(state.getFault()));
        reader.find(state.getVforkToldRef(), VforkWait.class).ifPresent(task::setVforkWait);
        reader.find(state.getVforkAwaitedRef(), VforkWait.class).ifPresent(task::lendMemory);
        if (state.hasEnding()) {
            task.end(ExitStatus.restore(state.getEnding()));
        }
        if (!state.getEnded()) {
            task.restoreVectorState(vectorState(state));
        }
        return task;
    }

    /** How many were made that have not ended. */
    int made() {
        return made.size();
    }

    /** Gives back what the tasks have that were made. */
    void discard() {
        made.forEach(kernel::discard);
    }

    private TaskResources resources(
            TaskState state, ThreadGroup group, Credentials credentials, StateReader reader) {
        limits = group.limits();
        ProgramImage image = reader.get(state.getProgramRef(), ProgramImage.class);
        FdTable files = reader.get(state.getFilesRef(), FdTable.class);
        FsContext fs = reader.get(state.getFsRef(), FsContext.class);
        return new TaskResources(image.retain(), files.retain(), fs, credentials);
    }

    /** Makes a program again; it is counted. */
    ProgramImage restoreProgram(ObjectState object, StateReader reader) {
        ProgramState state = object.getProgram();
        FileDescription executable = reader.get(state.getExecutableRef(), FileDescription.class);
        if (!memories.add(state.getMemoryRef())) {
            throw StateReader.corrupt("two programs have one memory");
        }
        MemoryManager memory = reader.get(state.getMemoryRef(), MemoryManager.class);
        memory.limitTo(new ProcessMemoryLimits(limits, kernel.oomKiller()));
        ProgramImage image = new ProgramImage(memory, executable.retain());
        return reader.counted(image, image::close);
    }

    /** What a task has that has ended: nothing of its own. */
    private TaskResources nothing(Credentials credentials) {
        TaskResources shared = nothing.orElseGet(() -> makeNothing(credentials));
        nothing = Optional.of(shared);
        return shared.with(credentials);
    }

    private TaskResources makeNothing(Credentials credentials) {
        MemoryManager memory =
                MemoryManager.create(
                        kernel.memoryFile(),
                        kernel.platform().newAddressSpace(),
                        AddressLayout.fixed(
                                kernel.capabilities().userAddresses(),
                                limits.soft(ResourceLimits.RLIMIT_STACK)),
                        new ProcessMemoryLimits(limits, kernel.oomKiller()));
        TaskResources resources =
                new TaskResources(
                        ProgramImage.ended(memory),
                        new FdTable(),
                        new FsContext(kernel.mounts().root(), kernel.mounts().root(), 0),
                        credentials);
        resources.close();
        return resources;
    }

    /**
     * Addresses beyond the programs' own are refused, as arch_prctl(2) does, and selectors that no
     * program has; of the flags is taken what a program may have.
     */
    private void restoreRegisters(TaskState state, Registers registers) {
        byte[] bytes = state.getRegisters().toByteArray();
        if (bytes.length != Registers.BYTES) {
            throw StateReader.corrupt("registers of %d bytes".formatted(bytes.length));
        }
        registers.segment().copyFrom(MemorySegment.ofArray(bytes));
        registers.setEflags(UserFlags.ofUser(registers.eflags()));
        long end = kernel.capabilities().userAddresses().end();
        boolean fits =
                Long.compareUnsigned(registers.fsBase(), end) < 0
                        && Long.compareUnsigned(registers.gsBase(), end) < 0
                        && Long.compareUnsigned(registers.rip(), end) < 0
                        && USER_CS.contains(registers.cs())
                        && USER_SS.contains(registers.ss());
        if (!fits) {
            throw StateReader.corrupt("registers of task %d".formatted(state.getTid()));
        }
    }

    private static byte[] vectorState(TaskState state) {
        int length = state.getVectorState().size();
        boolean fits =
                length == 0
                        || (length >= CpuFeatures.MIN_VECTOR_STATE_BYTES
                                && length <= CpuFeatures.MAX_VECTOR_STATE_BYTES);
        if (!fits) {
            throw StateReader.corrupt("vector state of %d bytes".formatted(length));
        }
        return state.getVectorState().toByteArray();
    }
}
