package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.cred.ExecCredentials;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.io.IoBuffer;
import dev.plinth.kernel.loader.ElfLoader;
import dev.plinth.kernel.loader.ExecutableFile;
import dev.plinth.kernel.loader.LoadRequest;
import dev.plinth.kernel.loader.LoadedProgram;
import dev.plinth.kernel.loader.ProgramArguments;
import dev.plinth.kernel.loader.ScriptLine;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.mm.MappedFile;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.PathName;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.random.RandomGenerator;

/**
 * Finds a program in the files of a sandbox and puts it into an address space of its own: execve(2)
 * up to the moment at which the old program is given up. Any thread may use it.
 */
public final class ProgramLoader {
    private final Kernel kernel;

    /** Loads programs for the processes of a sandbox. */
    public ProgramLoader(Kernel kernel) {
        this.kernel = requireNonNull(kernel, "kernel is null");
    }

    /**
     * What is to be run.
     *
     * @param path as the caller gave it, relative to its working directory
     * @param arguments the argument list
     * @param environment in the form {@code NAME=value}
     * @param limits of the process that is to run it
     */
    @SuppressWarnings("ArrayRecordComponent") // The bytes of a guest, which nobody compares.
    public record Request(
            byte[] path, List<byte[]> arguments, List<byte[]> environment, ResourceLimits limits) {
        public Request {
            arguments = List.copyOf(arguments);
            environment = List.copyOf(environment);
        }
    }

    /**
     * A program in memory, ready to begin.
     *
     * @param image the program; the caller owns it
     * @param start where it begins
     * @param name of the task: the last part of the path
     * @param credentials of the task that runs it
     */
    @SuppressWarnings("ArrayRecordComponent") // The bytes of a guest, which nobody compares.
    public record Loaded(
            ProgramImage image, ProgramStart start, byte[] name, Credentials credentials) {}

    /**
     * Loads a program, or the interpreter of a script.
     *
     * @param caller whose files and permissions count
     * @throws ErrnoException as execve(2)
     */
    public Loaded load(Caller caller, Request request) {
        byte[] path = request.path();
        List<byte[]> arguments = request.arguments();
        byte[] name = nameOf(path);
        FileDescription file = open(caller, PathName.of(path));
        boolean done = false;
        try {
            for (int depth = 0; ; depth++) {
                Optional<ScriptLine> script =
                        ScriptLine.parse(new OpenProgram(file).head(ScriptLine.HEAD_BYTES));
                if (script.isEmpty()) {
                    break;
                }
                if (depth == ScriptLine.MAX_DEPTH) {
                    throw ErrnoException.of(Errno.ELOOP);
                }
                arguments = scriptArguments(script.get(), path, arguments);
                path = script.get().interpreter();
                FileDescription interpreter = open(caller, PathName.of(path));
                file.close();
                file = interpreter;
            }
            ProgramArguments strings =
                    new ProgramArguments(request.path(), arguments, request.environment());
            Loaded loaded = loadElf(caller, file, strings, request.limits(), name);
            done = true;
            return loaded;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    private FileDescription open(Caller caller, PathName path) {
        Location location =
                kernel.vfs().resolve(caller, caller.fs().workingDirectory(), path, Lookup.FOLLOW);
        return kernel.vfs().openProgram(caller, location);
    }

    /** The interpreter's name and argument, then the script's path in place of its name. */
    private static List<byte[]> scriptArguments(
            ScriptLine script, byte[] path, List<byte[]> arguments) {
        List<byte[]> list = new ArrayList<>();
        list.add(script.interpreter());
        script.argument().ifPresent(list::add);
        list.add(path);
        list.addAll(arguments.subList(Math.min(1, arguments.size()), arguments.size()));
        return list;
    }

    private Loaded loadElf(
            Caller caller,
            FileDescription file,
            ProgramArguments strings,
            ResourceLimits limits,
            byte[] name) {
        AddressSpace space = kernel.platform().newAddressSpace();
        // Set-user-ID and set-group-ID bits of files do not count: a sandbox has no users to
        // become.
        Credentials credentials =
                ExecCredentials.of(caller.credentials(), Optional.empty(), Optional.empty(), false)
                        .credentials();
        long stackLimit = limits.soft(ResourceLimits.RLIMIT_STACK);
        MemoryManager memory =
                MemoryManager.create(
                        kernel.memoryFile(),
                        space,
                        AddressLayout.random(
                                kernel.capabilities().userAddresses(),
                                stackLimit,
                                new KernelRandom()),
                        new ProcessMemoryLimits(limits, credentials.has(Capability.IPC_LOCK)));
        boolean done = false;
        try {
            LoadRequest request =
                    new LoadRequest(
                            strings,
                            credentials.uids().real(),
                            credentials.uids().effective(),
                            credentials.gids().real(),
                            credentials.gids().effective(),
                            randomBytes(),
                            kernel.capabilities().cpu(),
                            stackLimit,
                            kernel.vdso());
            LoadedProgram program = loadInto(caller, memory, file, request);
            done = true;
            return new Loaded(
                    new ProgramImage(memory, file),
                    new ProgramStart(program.entry(), program.stackPointer()),
                    name,
                    credentials);
        } finally {
            if (!done) {
                memory.close();
            }
        }
    }

    /** The mappings keep the interpreter's file open; the loader's own reference ends here. */
    private LoadedProgram loadInto(
            Caller caller, MemoryManager memory, FileDescription file, LoadRequest request) {
        List<FileDescription> opened = new ArrayList<>();
        try {
            ElfLoader loader =
                    new ElfLoader(
                            memory,
                            path -> {
                                FileDescription interpreter = open(caller, PathName.of(path));
                                opened.add(interpreter);
                                return new OpenProgram(interpreter);
                            });
            return loader.load(new OpenProgram(file), request);
        } finally {
            opened.forEach(FileDescription::close);
        }
    }

    private byte[] randomBytes() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(LoadRequest.RANDOM_BYTES);
            kernel.random().fill(bytes);
            return bytes.toArray(ValueLayout.JAVA_BYTE);
        }
    }

    /** The last part of a path, cut to the length of a task's name. */
    private static byte[] nameOf(byte[] path) {
        int start = 0;
        for (int i = 0; i < path.length; i++) {
            if (path[i] == '/') {
                start = i + 1;
            }
        }
        return Arrays.copyOfRange(path, start, Math.min(path.length, start + Task.NAME_BYTES - 1));
    }

    /** The kernel's random numbers for the layout of an address space. */
    private final class KernelRandom implements RandomGenerator {
        @Override
        public long nextLong() {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment word = arena.allocate(ValueLayout.JAVA_LONG);
                kernel.random().fill(word);
                return word.get(ValueLayout.JAVA_LONG, 0);
            }
        }
    }

    /** An open file as the loader sees it. */
    private record OpenProgram(FileDescription file) implements ExecutableFile {
        @Override
        public int read(long offset, byte[] into) {
            IoBuffer buffer = IoBuffer.of(into);
            while (buffer.remaining() > 0) {
                long read = file.readAt(buffer, offset + into.length - buffer.remaining());
                if (read == 0) {
                    break;
                }
            }
            return (int) (into.length - buffer.remaining());
        }

        @Override
        public MappedFile mapped() {
            return file.mappedFile();
        }
    }
}
