package dev.plinth.kernel.loader;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.mm.MemoryLimits;
import dev.plinth.kernel.mm.MemoryManager;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Loads programs into address spaces that nothing executes in: one, or several attempts. */
final class TestLoading implements AutoCloseable {
    static final AddressRange USER_ADDRESSES = new AddressRange(0x1_0000, 0x7fff_ffff_f000L);
    static final long STACK_LIMIT = 8 << 20;

    private static final CpuFeatures CPU = new CpuFeatures(0x1f8bfbff, 2, 7, 832);

    private final MemoryFile memory = MemoryFile.create(new JnaHostKernel(), 1L << 30, 64 << 20);
    private final MemoryManager manager = newManager();
    private final List<TestExecutable> files = new ArrayList<>();

    private MemoryManager newManager() {
        return MemoryManager.create(
                memory,
                new NoAddressSpace(),
                AddressLayout.fixed(USER_ADDRESSES, STACK_LIMIT),
                new NoLimits());
    }

    MemoryManager manager() {
        return manager;
    }

    /** A program to be loaded into an address space of its own. */
    Attempt attempt(byte[] bytes) {
        return new Attempt(bytes);
    }

    /** One program and its address space. */
    final class Attempt implements AutoCloseable {
        private final TestExecutable file;
        private final MemoryManager own = newManager();

        private Attempt(byte[] bytes) {
            file = new TestExecutable(memory, bytes);
        }

        void load() {
            new ElfLoader(own, TestLoading.this::openOnHost)
                    .load(file, request("/program", List.of("x"), List.of(), 1, 1));
        }

        MemoryManager manager() {
            return own;
        }

        @Override
        public void close() {
            own.close();
            file.close();
            if (memory.statistics().allocatedBytes() != 0) {
                throw new IllegalStateException("left over: " + memory.statistics());
            }
        }
    }

    LoadedProgram load(byte[] bytes) {
        return load(bytes, List.of("x"), List.of());
    }

    LoadedProgram load(byte[] bytes, List<String> arguments, List<String> environment) {
        return load("/program", bytes, arguments, environment);
    }

    /** Loads a program for a process whose real and effective user differ. */
    LoadedProgram loadAs(byte[] bytes, int uid, int euid) {
        return load("/program", bytes, List.of("x"), List.of(), uid, euid);
    }

    LoadedProgram load(
            String path, byte[] bytes, List<String> arguments, List<String> environment) {
        return load(path, bytes, arguments, environment, 1, 1);
    }

    private LoadedProgram load(
            String path,
            byte[] bytes,
            List<String> arguments,
            List<String> environment,
            int uid,
            int euid) {
        LoadRequest request = request(path, arguments, environment, uid, euid);
        return new ElfLoader(manager, this::openOnHost).load(open(bytes), request);
    }

    private static LoadRequest request(
            String path, List<String> arguments, List<String> environment, int uid, int euid) {
        ProgramArguments strings =
                new ProgramArguments(
                        ascii(path),
                        arguments.stream().map(TestLoading::ascii).toList(),
                        environment.stream().map(TestLoading::ascii).toList());
        byte[] random = new byte[LoadRequest.RANDOM_BYTES];
        Arrays.fill(random, (byte) 0x5a);
        return new LoadRequest(
                strings, uid, euid, 3, 3, random, CPU, STACK_LIMIT, Optional.empty());
    }

    static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    private TestExecutable open(byte[] bytes) {
        TestExecutable file = new TestExecutable(memory, bytes);
        files.add(file);
        return file;
    }

    /** Interpreters are those of the host. */
    private ExecutableFile openOnHost(byte[] path) {
        Path file = Path.of(new String(path, StandardCharsets.US_ASCII));
        if (!Files.exists(file)) {
            throw ErrnoException.of(dev.plinth.api.linux.Errno.ENOENT);
        }
        if (!Files.isRegularFile(file) || !Files.isExecutable(file)) {
            throw ErrnoException.of(dev.plinth.api.linux.Errno.EACCES);
        }
        try {
            return open(Files.readAllBytes(file));
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** The exit status of {@link TestElf}'s program, if it would run at an address. */
    Optional<Integer> runsAt(long entry) {
        boolean executable =
                manager.mappings().stream()
                        .anyMatch(
                                each -> each.range().contains(entry) && each.access().canExecute());
        byte[] program = TestElf.program();
        try {
            if (!executable
                    || !Arrays.equals(
                            program, manager.guestMemory().copyIn(entry, program.length))) {
                return Optional.empty();
            }
            long bss = entry - TestElf.CODE + TestElf.DATA + TestElf.DATA_FILE_BYTES;
            return Optional.of(
                    manager.guestMemory().readInt(bss) == 0
                            ? TestElf.PROGRAM_EXITS
                            : TestElf.DATA_IS_NOT_ZERO);
        } catch (ErrnoException e) {
            return Optional.empty();
        }
    }

    @Override
    public void close() {
        manager.close();
        files.forEach(TestExecutable::close);
        long left = memory.statistics().allocatedBytes();
        boolean released = files.stream().allMatch(file -> file.references() == 0);
        memory.close();
        if (left != 0 || !released) {
            throw new IllegalStateException("left over: " + left + " bytes");
        }
    }

    private static final class NoAddressSpace implements AddressSpace {
        @Override
        public void map(AddressRange range, BackingFile file, long offset, AccessType access) {}

        @Override
        public void protect(AddressRange range, AccessType access) {}

        @Override
        public void unmap(AddressRange range) {}

        @Override
        public void close() {}
    }

    private static final class NoLimits implements MemoryLimits {
        @Override
        public long addressSpace() {
            return INFINITY;
        }

        @Override
        public long data() {
            return INFINITY;
        }

        @Override
        public long stack() {
            return STACK_LIMIT;
        }

        @Override
        public long locked() {
            return STACK_LIMIT;
        }
    }
}
