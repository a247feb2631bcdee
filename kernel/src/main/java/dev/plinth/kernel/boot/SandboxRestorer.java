package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.inject.Inject;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.checkpoint.Requirements;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.hostfs.HostFs;
import dev.plinth.kernel.fs.hostfs.RestorePolicy;
import dev.plinth.kernel.host.JnaCounterMeter;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.image.SharedDirectory;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.memory.RestoredMemory;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.SavedMemory;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.TaskSubsystemState;
import dev.plinth.kernel.strace.Strace;
import dev.plinth.kernel.syscall.SyscallDispatcher;
import dev.plinth.kernel.syscall.SyscallTable;
import dev.plinth.kernel.syscall.linux.RestartBlocks;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.SandboxAge;
import dev.plinth.kernel.task.SavedTasks;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.time.ShiftedClock;
import dev.plinth.kernel.vfs.PathName;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The boot sequence of a sandbox that was saved: image, descriptors, memory, platform, clock,
 * files, kernel, tasks. What {@link SandboxBuilder} makes anew is made of the image here.
 *
 * <p>Whatever fails on the way, what was made before is given back.
 */
final class SandboxRestorer {
    private static final Logger log = LoggerFactory.getLogger(SandboxRestorer.class);

    private final HostKernel host;
    private final Clock clock;
    private final SyscallTable syscalls;

    @Inject
    SandboxRestorer(HostKernel host, Clock clock, SyscallTable syscalls) {
        this.host = requireNonNull(host, "host is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.syscalls = requireNonNull(syscalls, "syscalls is null");
    }

    Sandbox restore(RestoreSpec spec, PlatformFactory factory) {
        SandboxResources resources = new SandboxResources();
        boolean complete = false;
        try {
            // First, for they are taken over whatever comes of it.
            DonatedDescriptors descriptors =
                    SandboxBuilder.descriptors(host, spec.stdio(), factory);
            resources.own(descriptors::close);
            Sandbox sandbox = restore(spec, factory, descriptors, resources);
            complete = true;
            return sandbox;
        } catch (HostCallException e) {
            throw new SandboxException(
                    ErrorCode.HOST_EXHAUSTED,
                    "the sandbox cannot be made: " + e.getMessage(),
                    "see what the host refuses, or which limit of its user is reached",
                    e);
        } catch (IOException e) {
            throw new ImageCorruptException(StateReader.FILE, "it cannot be read", e);
        } finally {
            if (!complete) {
                resources.close();
            }
        }
    }

    private Sandbox restore(
            RestoreSpec spec,
            PlatformFactory factory,
            DonatedDescriptors descriptors,
            SandboxResources resources)
            throws IOException {
        try (Image image = Image.open(spec.directory())) {
            supplyNothing(image.inventory(), descriptors);
            Requirements requirements = new Requirements(image.inventory());
            requirements.checkRoles(role -> descriptors.find(role).isPresent());
            List<Given> given =
                    spec.mounts().stream().map(mount -> new Given(mount, path(mount))).toList();
            requirements.checkDirectories(given.stream().map(Given::directory).toList());
            RestorePolicy policy = policy(spec, given);
            return new Restore(spec, policy, factory, image, descriptors, resources).run();
        }
    }

    /**
     * Gives /dev/null for what programs from outside had as stdio: whoever started them is gone,
     * and nobody could give it.
     */
    private void supplyNothing(Inventory inventory, DonatedDescriptors descriptors) {
        for (FdRole role : inventory.roles()) {
            if (RootFileSystem.isOfExec(role) && descriptors.find(role).isEmpty()) {
                log.info("{} is /dev/null from now on", role);
                descriptors.supplyNothing(host, role);
            }
        }
    }

    /**
     * A directory of the host that was given.
     *
     * @param path where it is: looked up once, so that what is checked is what is allowed
     */
    private record Given(SandboxSpec.HostMount mount, PathName path) {
        SharedDirectory directory() {
            return new SharedDirectory(
                    path.toString(),
                    PathName.of(GuestStrings.encode(mount.destination())).toString(),
                    mount.writable());
        }
    }

    private PathName path(SandboxSpec.HostMount mount) {
        try {
            return HostFs.pathOf(host, mount.source().toString());
        } catch (ErrnoException e) {
            throw new SandboxException(
                    ErrorCode.MOUNT_UNUSABLE,
                    "mount %s: %s".formatted(mount.source(), e.errno().text()),
                    "name a directory that exists with --mount SRC:DST",
                    e);
        }
    }

    private static RestorePolicy policy(RestoreSpec spec, List<Given> given) {
        return new RestorePolicy(
                spec.allowChanged(),
                given.stream()
                        .filter(each -> each.mount().writable())
                        .map(Given::path)
                        .collect(Collectors.toUnmodifiableSet()));
    }

    /** One restore. Its memory is known only after its state was read, which is about memory. */
    private final class Restore implements SavedMemory {
        private final RestoreSpec spec;
        private final RestorePolicy policy;
        private final PlatformFactory factory;
        private final Image image;
        private final DonatedDescriptors descriptors;
        private final SandboxResources resources;
        private final HostFacts facts = new HostFacts(host);
        private final Restorers restorers = new Restorers();
        private Optional<RestoredMemory> memory = Optional.empty();

        Restore(
                RestoreSpec spec,
                RestorePolicy policy,
                PlatformFactory factory,
                Image image,
                DonatedDescriptors descriptors,
                SandboxResources resources) {
            this.spec = spec;
            this.policy = policy;
            this.factory = factory;
            this.image = image;
            this.descriptors = descriptors;
            this.resources = resources;
        }

        @Override
        public void adopt(long offset, long length) {
            memory.orElseThrow().adopt(offset, length);
        }

        Sandbox run() throws IOException {
            Sandbox sandbox;
            RestoreMeter meter =
                    new RestoreMeter(spec.progress(), image.inventory().files().kernel().bytes());
            InputStream state = meter.counting(image.kernelState(meter::checked));
            try (StateReader reader = new StateReader(state, restorers, this)) {
                reader.reportTo(meter::made);
                sandbox = StateReader.refusing("the sandbox", () -> restore(reader));
            }
            memory.orElseThrow().complete();
            meter.complete();
            return sandbox;
        }

        private Sandbox restore(StateReader reader) {
            KernelState state = reader.kernel();
            RestoredMemory restored = memory(state);
            MemoryFile memoryFile = restored.memoryFile();
            PlatformSlot slot = slot(restored, state.getTasks());
            Platform platform = slot.platform();
            ShiftedClock shifted = ShiftedClock.at(clock, state.getMonotonicNanos());
            Optional<Vdso> vdso = vdso(platform, memoryFile, shifted, state.getTasks());
            MemoryManager.restoring(
                    restorers,
                    memoryFile,
                    platform.capabilities().userAddresses(),
                    platform::newAddressSpace);
            RootFileSystem files =
                    RootFileSystem.restore(
                            reader,
                            restorers,
                            host,
                            facts,
                            memoryFile,
                            shifted,
                            descriptors,
                            resources,
                            policy);
            Kernel kernel = kernel(state, platform, memoryFile, shifted, files, vdso);
            CheckpointRequests requests =
                    new CheckpointRequests(
                            kernel, spec.checkpoints(), SandboxView.randomUuid(facts.random()));
            resources.own(requests::close);
            files.mountViews(kernel, facts, requests);
            SavedTasks.restore(kernel, restorers, reader, RestartBlocks::restore);
            Sandbox sandbox =
                    new Sandbox(
                            kernel,
                            Optional.empty(),
                            new ProgramStarter(kernel, files),
                            new Checkpoints(host, kernel, files, slot, image.inventory().program()),
                            descriptors,
                            slot,
                            resources);
            requests.attach(sandbox);
            return sandbox;
        }

        private RestoredMemory memory(KernelState state) {
            RestoredMemory restored =
                    RestoredMemory.open(
                            host, image, MemoryFile.DEFAULT_CAPACITY, memoryTotal(state));
            resources.own(restored::close);
            memory = Optional.of(restored);
            restored.reserve(state.getMemory());
            return restored;
        }

        /** As much as it was, or as is wanted, but no more than the host has. */
        private long memoryTotal(KernelState state) {
            long saved = state.getTasks().getMemoryTotal();
            if (saved < 1 || saved > MemoryFile.DEFAULT_CAPACITY) {
                throw StateReader.corrupt("%d bytes of memory".formatted(saved));
            }
            return Math.min(
                    spec.limits().memoryBytes().orElse(saved),
                    Math.min(facts.memoryTotal(), MemoryFile.DEFAULT_CAPACITY));
        }

        private PlatformSlot slot(RestoredMemory restored, TaskSubsystemState tasks) {
            PlatformSlot slot =
                    new PlatformSlot(
                            host,
                            restored.backingFiles(),
                            factory,
                            descriptors.take(PlatformSlot.roles(factory)));
            resources.own(slot::close);
            PlatformCapabilities capabilities = slot.platform().capabilities();
            new Requirements(image.inventory()).checkPlatform(factory.name(), capabilities);
            Requirements.checkTasks(tasks.getTaskRefsCount(), factory.name(), capabilities);
            return slot;
        }

        private Optional<Vdso> vdso(
                Platform platform,
                MemoryFile memoryFile,
                ShiftedClock shifted,
                TaskSubsystemState tasks) {
            if (tasks.getVdso().isEmpty()) {
                return Optional.empty();
            }
            Vdso vdso =
                    Vdso.restore(
                            tasks.getVdso().toByteArray(),
                            platform,
                            memoryFile,
                            () -> shifted.shifted(JnaCounterMeter.open(host)));
            resources.own(vdso::close);
            vdso.restoring(restorers);
            return Optional.of(vdso);
        }

        private Kernel kernel(
                KernelState state,
                Platform platform,
                MemoryFile memoryFile,
                ShiftedClock shifted,
                RootFileSystem files,
                Optional<Vdso> vdso) {
            TaskSubsystemState tasks = state.getTasks();
            return new Kernel(
                    new Kernel.Parts(
                            host,
                            platform,
                            memoryFile,
                            shifted,
                            SavedTasks.utsName(tasks),
                            facts.random(),
                            SavedTasks.processors(tasks),
                            memoryTotal(state),
                            spec.limits().tasks().orElseGet(() -> SavedTasks.tasksMax(tasks)),
                            files.vfs(),
                            files.mounts(),
                            files.internal(),
                            new SyscallDispatcher(
                                    syscalls,
                                    spec.strace().map(lines -> new Strace(syscalls, lines))),
                            vdso,
                            SandboxAge.restored(
                                    state,
                                    new Requirements(image.inventory())
                                            .shownOf(platform.capabilities()))));
        }
    }
}
