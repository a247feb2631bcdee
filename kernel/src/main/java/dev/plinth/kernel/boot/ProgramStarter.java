package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.LoadFailureException;
import dev.plinth.kernel.task.ProgramLoader;
import dev.plinth.kernel.task.ResourceLimits;
import dev.plinth.kernel.task.Task;
import dev.plinth.kernel.task.TaskResources;
import dev.plinth.kernel.task.TaskSettings;
import dev.plinth.kernel.task.ThreadGroup;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FsContext;

import java.util.ArrayList;
import java.util.List;

/**
 * Brings programs into a sandbox from outside: the first one, and those of {@code plinth exec}.
 *
 * <p>Any thread may call any method.
 */
final class ProgramStarter {
    /** PATH of a program that is started without one, as execvp(3) has it. */
    private static final String DEFAULT_PATH = "/bin:/usr/bin";

    private static final int DEFAULT_UMASK = 022;

    private final Kernel kernel;
    private final RootFileSystem files;

    ProgramStarter(Kernel kernel, RootFileSystem files) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.files = requireNonNull(files, "files is null");
    }

    /** The first process, ready to start. */
    Task init(SandboxSpec spec, DonatedDescriptors descriptors, Credentials credentials) {
        ResourceLimits limits = ResourceLimits.initial();
        FsContext fs = new FsContext(files.mounts().root(), files.mounts().root(), DEFAULT_UMASK);
        Caller caller = new Caller(fs, credentials, Kernel.INIT_PID, Kernel.INIT_PID);
        spec.cwd().ifPresent(cwd -> files.enter(caller, cwd));
        ProgramLoader.Loaded program = load(spec.arguments(), spec.environment(), caller, limits);
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

    /**
     * Lets one more program run, in the place and as the user of the first process unless something
     * else is asked for.
     *
     * @throws SandboxException if it cannot be run, or the first process has ended
     */
    SandboxProcess exec(ExecSpec spec) {
        try {
            Task init =
                    kernel.process(Kernel.INIT_PID)
                            .flatMap(process -> process.tasks().stream().findFirst())
                            .orElseThrow(ProgramStarter::stopped);
            int pid = kernel.reserveProcess();
            return new SandboxProcess(kernel, enter(spec, init, pid));
        } catch (ErrnoException e) {
            if (e.errno() == Errno.ESRCH) {
                throw stopped();
            }
            throw new SandboxException(
                    ErrorCode.HOST_EXHAUSTED,
                    "there is no room for another process: " + e.errno().text(),
                    "end some, or run the sandbox with a higher --pids");
        }
    }

    private static SandboxException stopped() {
        return new SandboxException(
                ErrorCode.SANDBOX_STOPPED,
                "the sandbox is stopping: its first process has ended",
                "start it again, or run the program before the first one ends");
    }

    private ThreadGroup enter(ExecSpec spec, Task init, int pid) {
        boolean loaded = false;
        FdTable table = files.stdio(pid, spec.stdio());
        try {
            Credentials credentials =
                    spec.user()
                            .map(user -> Credentials.ofUser(user.uid(), user.gid(), List.of()))
                            .orElseGet(init::credentials);
            FsContext fs = init.fs().copy();
            Caller caller = new Caller(fs, credentials, pid, pid);
            spec.cwd().ifPresent(cwd -> files.enter(caller, cwd));
            ResourceLimits limits = init.group().limits().copy();
            ProgramLoader.Loaded program =
                    load(spec.arguments(), spec.environment(), caller, limits);
            TaskResources resources =
                    new TaskResources(program.image(), table, fs, program.identity().credentials());
            loaded = true;
            return kernel.startProcess(pid, program.name(), resources, limits, program.start());
        } finally {
            if (!loaded) {
                table.close();
                kernel.cancelProcess(pid);
            }
        }
    }

    /** Loads a program as a shell would find it. */
    private ProgramLoader.Loaded load(
            List<String> arguments,
            List<String> environment,
            Caller caller,
            ResourceLimits limits) {
        ProgramLoader loader = new ProgramLoader(kernel);
        String program = arguments.getFirst();
        Errno failure = Errno.ENOENT;
        for (String path : candidates(program, environment)) {
            try {
                return loader.load(
                        caller,
                        ProgramLoader.Request.of(
                                GuestStrings.encode(path),
                                () ->
                                        new ProgramLoader.Strings(
                                                GuestStrings.encode(arguments),
                                                GuestStrings.encode(environment)),
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
