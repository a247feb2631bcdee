package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.inject.Inject;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.donation.ForegroundDonation;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaCounterMeter;
import dev.plinth.kernel.loader.vdso.Vdso;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.strace.Strace;
import dev.plinth.kernel.syscall.SyscallDispatcher;
import dev.plinth.kernel.syscall.SyscallTable;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.SandboxAge;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.time.Clock;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Optional;

/**
 * The boot sequence of a sandbox: memory, descriptors, platform, files, kernel, program.
 *
 * <p>Whatever fails on the way, what was made before is given back.
 */
final class SandboxBuilder {
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
                    "see what the host refuses, or which limit of its user is reached",
                    e);
        } finally {
            if (!complete) {
                resources.close();
            }
        }
    }

    private Sandbox build(SandboxSpec spec, PlatformFactory factory, SandboxResources resources) {
        DonatedDescriptors descriptors = descriptors(host, spec.stdio(), factory);
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
                        host,
                        List.of(memoryFile),
                        factory,
                        descriptors.take(PlatformSlot.roles(factory)));
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
                                vdso,
                                SandboxAge.beginning(clock)));
        CheckpointRequests requests =
                new CheckpointRequests(
                        kernel, spec.checkpoints(), SandboxView.randomUuid(facts.random()));
        resources.own(requests::close);
        files.mountViews(kernel, facts, requests);
        ProgramStarter programs = new ProgramStarter(kernel, files);
        Task init = programs.init(spec, descriptors, credentials);
        Sandbox sandbox =
                new Sandbox(
                        kernel,
                        Optional.of(init),
                        programs,
                        new Checkpoints(host, kernel, files, slot, spec.arguments()),
                        descriptors,
                        slot,
                        resources);
        disturbed.ifPresent(each -> each.attach(sandbox));
        requests.attach(sandbox);
        return sandbox;
    }

    /** Takes over what is given, and opens what the platform needs. */
    static DonatedDescriptors descriptors(HostKernel host, Stdio stdio, PlatformFactory factory) {
        ForegroundDonation donation = new ForegroundDonation(host);
        // No switch over types: it is linked when it is reached, which every start would pay for.
        if (stdio instanceof Stdio.Inherited inherited) {
            return donation.donate(factory.devices(), inherited.closed(), inherited.others());
        }
        if (stdio instanceof Stdio.Donated donated) {
            return donated.descriptors();
        }
        Stdio.Given given = (Stdio.Given) stdio;
        return donation.keep(factory.devices(), new LinkedHashMap<>(given.descriptors()));
    }
}
