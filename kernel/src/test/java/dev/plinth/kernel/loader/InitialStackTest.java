package dev.plinth.kernel.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.loader.linux.Elf;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.ProgramAreas;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

@Timeout(60)
final class InitialStackTest {
    private static final long SYS_WAIT4 = 61;
    private static final long LINUX_TOP = 0x7fff_ffff_f000L;

    /** Above the stack are pages of the kernel's, which Linux has below it. */
    private static final long TOP = AddressLayout.KERNEL_PAGES;

    /**
     * Entries that Linux has and this kernel does not: vDSO, restartable sequences, more HWCAPs.
     */
    private static final Set<Long> LINUX_ONLY = Set.of(33L, 27L, 28L, 29L, 30L);

    /** Entries whose values are the same on both sides. */
    private static final Set<Long> COMPARED =
            Set.of(
                    Elf.AT_PAGESZ,
                    Elf.AT_CLKTCK,
                    Elf.AT_PHDR,
                    Elf.AT_PHENT,
                    Elf.AT_PHNUM,
                    Elf.AT_BASE,
                    Elf.AT_FLAGS,
                    Elf.AT_ENTRY,
                    Elf.AT_SECURE);

    /** Entries whose values are as far from the top of the stack on both sides. */
    private static final Set<Long> ON_STACK = Set.of(Elf.AT_RANDOM, Elf.AT_EXECFN, Elf.AT_PLATFORM);

    @TempDir private Path directory;

    /** What a program finds on its stack. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Stack(
            long pointer,
            List<Long> arguments,
            List<Long> environment,
            Map<Long, Long> vector,
            byte[] dump) {
        static Stack parse(long top, byte[] dump) {
            ByteBuffer words = ByteBuffer.wrap(dump).order(ByteOrder.LITTLE_ENDIAN);
            long count = words.getLong();
            List<Long> arguments = pointers(words);
            assertEquals(count, arguments.size());
            List<Long> environment = pointers(words);
            Map<Long, Long> vector = new LinkedHashMap<>();
            for (long key = words.getLong(); key != Elf.AT_NULL; key = words.getLong()) {
                vector.put(key, words.getLong());
            }
            return new Stack(top - dump.length, arguments, environment, vector, dump);
        }

        private static List<Long> pointers(ByteBuffer words) {
            List<Long> pointers = new ArrayList<>();
            for (long each = words.getLong(); each != 0; each = words.getLong()) {
                pointers.add(each);
            }
            return pointers;
        }

        String string(long address) {
            int start = (int) (address - pointer);
            int end = start;
            while (dump[end] != 0) {
                end++;
            }
            return new String(dump, start, end - start, StandardCharsets.US_ASCII);
        }
    }

    @Test
    void isWhatLinuxMakes() throws IOException {
        byte[] elf = TestElf.stackDump().bytes();
        Path file = Files.write(directory.resolve("dump"), elf);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        for (List<String> arguments :
                List.of(
                        List.<String>of(),
                        List.of("a"),
                        List.of("", "two words", "x".repeat(99)))) {
            Stack linux = Stack.parse(LINUX_TOP, runOnHost(file, arguments));
            List<String> all = new ArrayList<>();
            all.add(file.toString());
            all.addAll(arguments);
            try (TestLoading loading = new TestLoading()) {
                LoadedProgram program =
                        loading.load(file.toString(), elf, all, List.of("A=1", "EMPTY="));
                Stack here = Stack.parse(TOP, dump(loading, program));
                assertAlike(linux, here);
            }
        }
    }

    private static void assertAlike(Stack linux, Stack here) {
        assertEquals(0, here.pointer() % 16);
        assertEquals(belowTop(LINUX_TOP, linux.arguments()), belowTop(TOP, here.arguments()));
        assertEquals(belowTop(LINUX_TOP, linux.environment()), belowTop(TOP, here.environment()));
        List<Long> keys = new ArrayList<>(linux.vector().keySet());
        keys.removeAll(LINUX_ONLY);
        assertEquals(keys, new ArrayList<>(here.vector().keySet()));
        for (long key : COMPARED) {
            assertEquals(linux.vector().get(key), here.vector().get(key), "entry " + key);
        }
        for (long key : ON_STACK) {
            assertEquals(
                    LINUX_TOP - linux.vector().get(key),
                    TOP - here.vector().get(key),
                    "entry " + key);
        }
        int strings = (int) (TOP - here.vector().get(Elf.AT_PLATFORM));
        assertArrayEquals(tail(linux.dump(), strings), tail(here.dump(), strings));
    }

    private static List<Long> belowTop(long top, List<Long> pointers) {
        return pointers.stream().map(pointer -> top - pointer).toList();
    }

    private static byte[] tail(byte[] bytes, int length) {
        return java.util.Arrays.copyOfRange(bytes, bytes.length - length, bytes.length);
    }

    private static byte[] dump(TestLoading loading, LoadedProgram program) {
        return loading.manager()
                .guestMemory()
                .copyIn(program.stackPointer(), (int) (TOP - program.stackPointer()));
    }

    private static byte[] runOnHost(Path file, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("setarch", "-R", file.toString()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().clear();
        builder.environment().put("A", "1");
        builder.environment().put("EMPTY", "");
        Process process = builder.start();
        process.getOutputStream().close();
        return process.getInputStream().readAllBytes();
    }

    @Test
    void tellsWhoTheProgramRunsAs() {
        try (TestLoading loading = new TestLoading()) {
            Stack stack =
                    Stack.parse(TOP, dump(loading, loading.load(TestElf.executable().bytes())));
            assertEquals(1, stack.vector().get(Elf.AT_UID));
            assertEquals(1, stack.vector().get(Elf.AT_EUID));
            assertEquals(3, stack.vector().get(Elf.AT_GID));
            assertEquals(3, stack.vector().get(Elf.AT_EGID));
            assertEquals("x86_64", stack.string(stack.vector().get(Elf.AT_PLATFORM)));
            assertEquals("ZZZZ", stack.string(stack.vector().get(Elf.AT_RANDOM)).substring(0, 4));
        }
    }

    @Test
    void anEmptyArgumentListGetsAnEmptyString() {
        try (TestLoading loading = new TestLoading()) {
            byte[] elf = TestElf.executable().bytes();
            LoadedProgram program = loading.load(elf, List.of(), List.of());
            Stack stack = Stack.parse(TOP, dump(loading, program));
            assertEquals("", stack.string(stack.arguments().getFirst()));
        }
    }

    @Test
    void theProgramsAreasAreKnown() {
        try (TestLoading loading = new TestLoading()) {
            byte[] elf = TestElf.executable().bytes();
            LoadedProgram program = loading.load(elf, List.of("a", "bc"), List.of("D=e"));
            ProgramAreas areas = loading.manager().program();
            assertEquals(program.stackPointer(), areas.stackStart());
            assertEquals("a\0bc\0", text(loading, areas.arguments()));
            assertEquals("D=e\0", text(loading, areas.environment()));
            assertEquals(
                    Elf.AT_MINSIGSTKSZ,
                    loading.manager().guestMemory().readLong(areas.auxiliaryVector().start()));
            assertEquals(TestElf.BASE + 0x5000, loading.manager().brk(0));
            List<String> names =
                    loading.manager().mappings().stream().map(MappingInfo::name).toList();
            assertEquals(List.of("/program", "/program", "/program", "", "[stack]"), names);
            assertEquals(
                    (128 << 10) + 4096, loading.manager().mappings().getLast().range().length());
        }
    }

    private static String text(TestLoading loading, dev.plinth.api.memory.AddressRange range) {
        return new String(
                loading.manager().guestMemory().copyIn(range.start(), (int) range.length()),
                StandardCharsets.US_ASCII);
    }

    @Test
    void theStackIsExecutableOnlyForWhoAsks() {
        assertEquals("rw-", stackAccess(TestElf.executable()));
        assertEquals("rwx", stackAccess(TestElf.executable().flags(TestElf.PH_STACK, 7)));
    }

    private static String stackAccess(TestElf elf) {
        try (TestLoading loading = new TestLoading()) {
            loading.load(elf.bytes());
            return loading.manager().mappings().getLast().access().symbols();
        }
    }

    @Test
    void stringsAreHeldToTheLimitsOfLinux() throws IOException {
        Path file = Files.write(directory.resolve("p"), TestElf.executable().bytes());
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
        // With a stack limit of 8 MiB all strings may take 2 MiB, their pointers included.
        long left = TestLoading.STACK_LIMIT / 4 - file.toString().length() - 1;
        int each = ProgramArguments.MAX_STRING_BYTES;
        List<String> many = new ArrayList<>();
        while (left >= each + Long.BYTES) {
            many.add("x".repeat(each - 1));
            left -= each + Long.BYTES;
        }
        many.add("y".repeat((int) left - Long.BYTES - 1));
        assertExecuted("", file, many);
        many.set(many.size() - 1, many.getLast() + "y");
        assertExecuted("E2BIG", file, many);
        assertExecuted("", file, List.of("x".repeat(each - 1)));
        assertExecuted("E2BIG", file, List.of("x".repeat(each)));
    }

    private static void assertExecuted(String errno, Path file, List<String> arguments)
            throws IOException {
        assertEquals(errno, errnoOnHost(file, arguments));
        try (TestLoading loading = new TestLoading()) {
            loading.load(file.toString(), Files.readAllBytes(file), arguments, List.of());
            assertEquals(errno, "");
        } catch (ErrnoException e) {
            assertEquals(errno, e.errno().name());
        }
    }

    private static String errnoOnHost(Path file, List<String> arguments) {
        JnaHostKernel host = new JnaHostKernel();
        try {
            int pid =
                    host.spawn(
                            new SpawnRequest(
                                    file.toString(), arguments, List.of(), Map.of(), false));
            host.require("wait4", SYS_WAIT4, pid, 0, 0, 0);
            return "";
        } catch (HostCallException e) {
            return e.errno().map(Errno::name).orElse("?");
        }
    }

    @Test
    void aProgramWithBorrowedPrivilegesIsToldSo() {
        try (TestLoading loading = new TestLoading()) {
            byte[] elf = TestElf.executable().bytes();
            LoadedProgram program = loading.loadAs(elf, 1, 2);
            assertEquals(1, Stack.parse(TOP, dump(loading, program)).vector().get(Elf.AT_SECURE));
        }
    }

    @Test
    void randomBytesAreSixteen() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new LoadRequest(
                                new ProgramArguments(new byte[1], List.of(), List.of()),
                                0,
                                0,
                                0,
                                0,
                                new byte[15],
                                new dev.plinth.api.platform.CpuFeatures(0, 0, 0, 0),
                                0,
                                Optional.empty()));
    }
}
