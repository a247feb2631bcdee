package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.inject.Inject;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.donation.ForegroundDonation;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaCounterMeter;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.strace.Strace;
import dev.plinth.kernel.syscall.SyscallDispatcher;
import dev.plinth.kernel.syscall.SyscallTable;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.LoadFailureException;
import dev.plinth.kernel.task.ProgramLoader;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.TaskResources;
import dev.plinth.kernel.task.TaskSettings;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FsContext;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * The boot sequence of a sandbox: memory, descriptors, platform, files, kernel, program.
 *
 * <p>Whatever fails on the way, what was made before is given back.
 */
final class SandboxBuilder {
    /** PATH of a program that is started without one, as execvp(3) has it. */
    private static final String DEFAULT_PATH = "/bin:/usr/bin";

    private static final int DEFAULT_UMASK = 022;

    private final HostKernel host;
    private final Clock clock;
    private final SyscallTable syscalls;

    @Inject
    SandboxBuilder(HostKernel host, Clock clock, SyscallTable syscalls) {
        this.host = requireNonNull(host, "host is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.syscalls = requireNonNull(syscalls, "syscalls is null");
    }

    Sandbox build(SandboxSpec spec, PlatformFactory factory) {
        SandboxResources resources = new SandboxResources();
        boolean complete = false;
        try {
            Sandbox sandbox = build(spec, factory, resources);
            complete = true;
            return sandbox;
        } catch (HostCallException e) {
            throw new SandboxException(
                    ErrorCode.HOST_EXHAUSTED,
                    "the sandbox cannot be made: " + e.getMessage(),
                    "",
                    e);
        } finally {
            if (!complete) {
                resources.close();
            }
        }
    }

    private Sandbox build(SandboxSpec spec, PlatformFactory factory, SandboxResources resources) {
        DonatedDescriptors descriptors = descriptors(spec.stdio(), factory);
        resources.own(descriptors::close);
        HostFacts facts = new HostFacts(host);
        long memoryTotal =
                Math.min(
                        spec.bounds().memoryBytes(),
                        Math.min(facts.memoryTotal(), MemoryFile.DEFAULT_CAPACITY));
        MemoryFile memoryFile = MemoryFile.create(host, MemoryFile.DEFAULT_CAPACITY, memoryTotal);
        resources.own(memoryFile::close);
        PlatformSlot slot =
                new PlatformSlot(
                        host, List.of(memoryFile), factory, descriptors.take(PlatformSlot.roles(factory)));
        resources.own(slot::close);

        Optional<Vdso> vdso =
                Vdso.create(slot.platform(), memoryFile, () -> JnaCounterMeter.open(host));
        vdso.ifPresent(each -> resources.own(each::close));

        Credentials credentials =
                spec.user()
                        .map(user -> Credentials.ofUser(user.uid(), user.gid(), List.of()))
                        .orElseGet(facts::credentials);
        RootFileSystem files =
                RootFileSystem.mount(spec, host, facts, memoryFile, clock, resources);
        SyscallDispatcher dispatcher =
                new SyscallDispatcher(
                        syscalls, spec.strace().map(lines -> new Strace(syscalls, lines)));
        Optional<DisturbedGate> disturbed =
                spec.disturbance().map(each -> new DisturbedGate(dispatcher, each));
        disturbed.ifPresent(each -> resources.own(each::close));
        Kernel kernel =
                new Kernel(
                        new Kernel.Parts(
                                host,
                                slot.platform(),
                                memoryFile,
                                clock,
                                spec.hostname()
                                        .map(facts.utsName()::withNodename)
                                        .orElseGet(facts::utsName),
                                facts.random(),
                                Runtime.getRuntime().availableProcessors(),
                                memoryTotal,
                                spec.bounds().tasks(),
                                files.vfs(),
                                files.mounts(),
                                files.internal(),
                                disturbed.isPresent() ? disturbed.get() : dispatcher,
                                vdso));
        files.mountViews(kernel, facts);
        Task init = init(spec, kernel, files, descriptors, credentials);
        Sandbox sandbox = new Sandbox(kernel, init, slot, resources);
        disturbed.ifPresent(each -> each.attach(sandbox));
        return sandbox;
    }

    private DonatedDescriptors descriptors(Stdio stdio, PlatformFactory factory) {
        ForegroundDonation donation = new ForegroundDonation(host);
        // No switch over types: it is linked when it is reached, which every start would pay for.
        if (stdio instanceof Stdio.Inherited inherited) {
            return donation.donate(factory.devices(), inherited.closed(), inherited.others());
        }
        Stdio.Given given = (Stdio.Given) stdio;
        return donation.keep(factory.devices(), new LinkedHashMap<>(given.descriptors()));
    }

    private static Task init(
            SandboxSpec spec,
            Kernel kernel,
            RootFileSystem files,
            DonatedDescriptors descriptors,
            Credentials credentials) {
        ResourceLimits limits = ResourceLimits.initial();
        FsContext fs = new FsContext(files.mounts().root(), files.mounts().root(), DEFAULT_UMASK);
        Caller caller = new Caller(fs, credentials, Kernel.INIT_PID, Kernel.INIT_PID);
        spec.cwd().ifPresent(cwd -> files.enter(caller, cwd));
        ProgramLoader.Loaded program = load(spec, kernel, caller, limits);
        boolean complete = false;
        try {
            TaskResources resources =
                    new TaskResources(
                            program.image(),
                            files.stdio(descriptors),
                            fs,
                            program.identity().credentials());
            Task task = kernel.newInit(program.name(), resources, limits, program.start());
            complete = true;
            return task;
        } finally {
            if (!complete) {
                program.image().close();
            }
        }
    }

    /** Loads the program as a shell would find it. */
    private static ProgramLoader.Loaded load(
            SandboxSpec spec, Kernel kernel, Caller caller, ResourceLimits limits) {
        ProgramLoader loader = new ProgramLoader(kernel);
        String program = spec.arguments().getFirst();
        Errno failure = Errno.ENOENT;
        for (String path : candidates(program, spec.environment())) {
            try {
                return loader.load(
                        caller,
                        ProgramLoader.Request.of(
                                GuestStrings.encode(path),
                                () ->
                                        new ProgramLoader.Strings(
                                                GuestStrings.encode(spec.arguments()),
                                                GuestStrings.encode(spec.environment())),
                                limits,
                                new TaskSettings()));
            } catch (LoadFailureException e) {
                failure = e.errno();
            } catch (ErrnoException e) {
                if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENOTDIR) {
                    failure = e.errno();
                }
            }
        }
        throw new SandboxException(
                failure == Errno.ENOENT
                        ? ErrorCode.PROGRAM_NOT_FOUND
                        : ErrorCode.PROGRAM_NOT_EXECUTABLE,
                program + ": " + failure.text(),
                "");
    }

    private static List<String> candidates(String program, List<String> environment) {
        if (program.contains("/")) {
            return List.of(program);
        }
        String path =
                environment.stream()
                        .filter(variable -> variable.startsWith("PATH="))
                        .map(variable -> variable.substring("PATH=".length()))
                        .findFirst()
                        .orElse(DEFAULT_PATH);
        List<String> candidates = new ArrayList<>();
        if (!program.isEmpty()) {
            for (String directory : path.split(":", -1)) {
                candidates.add((directory.isEmpty() ? "." : directory) + "/" + program);
            }
        }
        return candidates;
    }
}
