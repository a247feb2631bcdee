package dev.plinth.kernel.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.loader.linux.Elf;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What becomes of programs whose headers were tampered with, as a table; the host's Linux, which is
 * asked too, has to agree with it.
 */
@Timeout(60)
final class SpoiltProgramsTest {
    private static final String RUNS = "exit 42";
    private static final String NOT_ZERO = "exit 1";

    /** The old program is gone when Linux finds the error, or the new one faults at once. */
    private static final String KILLED = "killed";

    /** What the loader fails with where Linux kills. */
    private static final Set<String> LATE_ERRORS =
            Set.of("EINVAL", "ENOMEM", "EFAULT", "EEXIST", "EPERM", "EOVERFLOW");

    private static final long SYS_WAIT4 = 61;
    private static final long TASK_SIZE = 0x7fff_ffff_f000L;

    @TempDir private Path directory;

    /** A program and what becomes of it. */
    @SuppressWarnings("ArrayRecordComponent")
    private record Row(String name, byte[] bytes, String outcome) {}

    private List<Row> table() throws IOException {
        List<Row> rows = new ArrayList<>();
        rows.add(row("untouched", TestElf.executable(), RUNS));
        rows.add(row("position independent", TestElf.positionIndependent(), RUNS));
        addHeaderRows(rows);
        addTableRows(rows);
        addPartRows(rows);
        addPositionIndependentRows(rows);
        addInterpreterRows(rows);
        return rows;
    }

    private void addInterpreterRows(List<Row> rows) throws IOException {
        addInterpreterRow(rows, "position independent", pie().bytes(), RUNS);
        addInterpreterRow(rows, "empty", new byte[0], "EIO");
        addInterpreterRow(rows, "63 bytes", pie().truncated(63), "EIO");
        addInterpreterRow(rows, "64 bytes", pie().truncated(64), "ELIBBAD");
        addInterpreterRow(rows, "a script", TestLoading.ascii("#!/bin/sh\n".repeat(20)), "ELIBBAD");
        addInterpreterRow(rows, "i386", pie().half(Elf.E_MACHINE, 3).bytes(), "ELIBBAD");
        addInterpreterRow(rows, "phnum 0", pie().half(Elf.E_PHNUM, 0).bytes(), "ELIBBAD");
        addInterpreterRow(rows, "relocatable", pie().half(Elf.E_TYPE, 1).bytes(), KILLED);
        addInterpreterRow(rows, "over the program", exec().bytes(), RUNS);
        addInterpreterRow(
                rows, "entry negative", pie().word(Elf.E_ENTRY, -0x1000_0000).bytes(), KILLED);
        addInterpreterRow(
                rows,
                "memsz negative",
                pie().header(TestElf.PH_DATA, Elf.P_MEMSZ, -1).bytes(),
                KILLED);
        addInterpreterRow(
                rows,
                "with an interpreter of its own",
                pie().interpreter("/nonexistent").bytes(),
                RUNS);
        addInterpreterRow(
                rows, "no PT_LOAD", pie().type(0, 0).type(1, 0).type(2, 0).bytes(), KILLED);
    }

    /** The interpreter gets control, so it decides how the program ends. */
    private void addInterpreterRow(List<Row> rows, String name, byte[] bytes, String outcome)
            throws IOException {
        Path file = writeProgram("interpreter-" + rows.size(), bytes);
        rows.add(
                row(
                        "interpreter: " + name,
                        pie().interpreter(file.toString()).word(Elf.E_ENTRY, 0),
                        outcome));
    }

    private Path writeProgram(String name, byte[] bytes) throws IOException {
        Path file = directory.resolve(name);
        Files.deleteIfExists(file);
        Files.write(file, bytes);
        return Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    private static Row row(String name, TestElf elf, String outcome) {
        return new Row(name, elf.bytes(), outcome);
    }

    private static void addHeaderRows(List<Row> rows) {
        rows.add(new Row("empty file", new byte[0], "ENOEXEC"));
        rows.add(new Row("text file", TestLoading.ascii("echo hello\n"), "ENOEXEC"));
        rows.add(new Row("63 bytes", TestElf.executable().truncated(63), "ENOEXEC"));
        rows.add(new Row("64 bytes", TestElf.executable().truncated(64), "ENOEXEC"));
        rows.add(row("wrong magic", TestElf.executable().put(1, 'F'), "ENOEXEC"));
        rows.add(row("32-bit class", TestElf.executable().put(4, 1), RUNS));
        rows.add(row("big-endian", TestElf.executable().put(5, 2), RUNS));
        rows.add(row("relocatable", TestElf.executable().half(Elf.E_TYPE, 1), "ENOEXEC"));
        rows.add(row("core", TestElf.executable().half(Elf.E_TYPE, 4), "ENOEXEC"));
        rows.add(row("i386", TestElf.executable().half(Elf.E_MACHINE, 3), "ENOEXEC"));
        rows.add(row("aarch64", TestElf.executable().half(Elf.E_MACHINE, 183), "ENOEXEC"));
        rows.add(row("entry nowhere", TestElf.executable().word(Elf.E_ENTRY, 0x1000), KILLED));
        rows.add(row("entry in data", TestElf.executable().word(Elf.E_ENTRY, 0x402000), KILLED));
        rows.add(row("entry beyond", TestElf.executable().word(Elf.E_ENTRY, TASK_SIZE), KILLED));
        rows.add(row("entry negative", TestElf.executable().word(Elf.E_ENTRY, -1), KILLED));
    }

    private static void addTableRows(List<Row> rows) {
        rows.add(row("phentsize 55", TestElf.executable().half(Elf.E_PHENTSIZE, 55), "ENOEXEC"));
        rows.add(row("phentsize 0", TestElf.executable().half(Elf.E_PHENTSIZE, 0), "ENOEXEC"));
        rows.add(row("phnum 0", TestElf.executable().half(Elf.E_PHNUM, 0), "ENOEXEC"));
        rows.add(row("phnum 73", TestElf.executable().half(Elf.E_PHNUM, 73), RUNS));
        rows.add(row("phnum 74", TestElf.executable().half(Elf.E_PHNUM, 74), RUNS));
        rows.add(row("phnum 0xffff", TestElf.executable().half(Elf.E_PHNUM, 0xffff), "ENOEXEC"));
        rows.add(row("phoff at end", TestElf.executable().word(Elf.E_PHOFF, 0x3000), "ENOEXEC"));
        rows.add(row("phoff near end", TestElf.executable().word(Elf.E_PHOFF, 0x2f00), "ENOEXEC"));
        rows.add(row("phoff negative", TestElf.executable().word(Elf.E_PHOFF, -64), "ENOEXEC"));
        rows.add(row("no PT_LOAD", TestElf.executable().type(0, 0).type(1, 0).type(2, 0), KILLED));
        rows.add(
                row(
                        "no PT_LOAD, position independent",
                        TestElf.positionIndependent().type(0, 0).type(1, 0).type(2, 0),
                        KILLED));
        rows.add(
                row(
                        "interpreter missing",
                        TestElf.executable().interpreter("/nonexistent/ld.so"),
                        "ENOENT"));
        rows.add(row("interpreter a directory", TestElf.executable().interpreter("/"), "EACCES"));
        rows.add(row("interpreter empty", TestElf.executable().interpreter(""), "ENOEXEC"));
        rows.add(
                row(
                        "interpreter without end",
                        TestElf.executable()
                                .interpreter("/bin/x")
                                .header(TestElf.PH_SPARE, Elf.P_FILESZ, 6),
                        "ENOEXEC"));
        rows.add(
                row(
                        "interpreter too long",
                        TestElf.executable()
                                .interpreter("/bin/x")
                                .header(TestElf.PH_SPARE, Elf.P_FILESZ, 4097),
                        "ENOEXEC"));
        rows.add(
                row(
                        "interpreter beyond the file",
                        TestElf.executable()
                                .interpreter("/bin/x")
                                .header(TestElf.PH_SPARE, Elf.P_OFFSET, 0x3000),
                        "EIO"));
        rows.add(
                row(
                        "interpreter at a negative offset",
                        TestElf.executable()
                                .interpreter("/bin/x")
                                .header(TestElf.PH_SPARE, Elf.P_OFFSET, -8),
                        "EINVAL"));
        rows.add(
                row(
                        "interpreter no program",
                        TestElf.executable().interpreter("/etc/passwd"),
                        "EACCES"));
    }

    private static void addPartRows(List<Row> rows) {
        int data = TestElf.PH_DATA;
        int text = TestElf.PH_TEXT;
        rows.add(row("filesz > memsz", exec().header(data, Elf.P_MEMSZ, 0x80), KILLED));
        rows.add(row("memsz huge", exec().header(data, Elf.P_MEMSZ, TASK_SIZE), KILLED));
        rows.add(row("memsz negative", exec().header(data, Elf.P_MEMSZ, -1), KILLED));
        rows.add(row("memsz 1 TiB", exec().header(data, Elf.P_MEMSZ, 1L << 40), KILLED));
        rows.add(row("filesz negative", exec().header(data, Elf.P_FILESZ, -1), KILLED));
        rows.add(row("vaddr negative", exec().header(data, Elf.P_VADDR, -0x1000), KILLED));
        rows.add(row("vaddr zero", exec().header(data, Elf.P_VADDR, 0), KILLED));
        rows.add(row("vaddr at end", exec().header(data, Elf.P_VADDR, TASK_SIZE), KILLED));
        rows.add(
                row(
                        "vaddr over the end",
                        exec().header(data, Elf.P_VADDR, TASK_SIZE - 0x1000),
                        KILLED));
        rows.add(row("vaddr misaligned", exec().header(data, Elf.P_VADDR, 0x402010), KILLED));
        rows.add(row("offset misaligned", exec().header(data, Elf.P_OFFSET, 0x2010), KILLED));
        rows.add(row("offset negative", exec().header(data, Elf.P_OFFSET, -0x1000), KILLED));
        rows.add(row("offset beyond", exec().header(data, Elf.P_OFFSET, 0x10000), KILLED));
        rows.add(row("text beyond", exec().header(text, Elf.P_OFFSET, 0x10000), KILLED));
        rows.add(
                row(
                        "text over the file's end",
                        exec().header(text, Elf.P_FILESZ, 0x100000)
                                .header(text, Elf.P_MEMSZ, 0x100000),
                        RUNS));
        rows.add(
                row(
                        "data over text",
                        exec().header(data, Elf.P_VADDR, TestElf.BASE + TestElf.CODE),
                        KILLED));
        rows.add(
                row(
                        "bss over text",
                        exec().header(data, Elf.P_VADDR, TestElf.BASE - 0x1000),
                        KILLED));
        rows.add(row("data not writable", exec().flags(data, Elf.PF_R), NOT_ZERO));
        rows.add(row("data without access", exec().flags(data, 0), KILLED));
        rows.add(row("text without access", exec().flags(text, 0), KILLED));
        rows.add(row("text not readable", exec().flags(text, Elf.PF_X), RUNS));
        rows.add(row("alignment odd", exec().header(data, Elf.P_ALIGN, 3), RUNS));
        rows.add(row("alignment huge", exec().header(data, Elf.P_ALIGN, 1L << 62), RUNS));
        rows.add(
                row(
                        "only bss",
                        exec().header(data, Elf.P_FILESZ, 0)
                                .header(data, Elf.P_VADDR, TestElf.BASE + TestElf.DATA),
                        RUNS));
        rows.add(
                row(
                        "first part only bss",
                        exec().header(0, Elf.P_FILESZ, 0).header(0, Elf.P_MEMSZ, 0x1000),
                        RUNS));
        rows.add(row("first part empty", exec().header(0, Elf.P_FILESZ, 0), RUNS));
        rows.add(row("on the stack", exec().header(0, Elf.P_VADDR, 0x7ff0_0000_0000L), RUNS));
        rows.add(
                row(
                        "two GNU_STACK",
                        exec().header(TestElf.PH_SPARE, Elf.PT_GNU_STACK, 7, 0, 0, 0, 0, 0),
                        RUNS));
    }

    private static TestElf exec() {
        return TestElf.executable();
    }

    private static void addPositionIndependentRows(List<Row> rows) {
        int data = TestElf.PH_DATA;
        rows.add(row("pie: memsz negative", pie().header(data, Elf.P_MEMSZ, -1), KILLED));
        rows.add(row("pie: vaddr huge", pie().header(data, Elf.P_VADDR, 1L << 46), KILLED));
        rows.add(row("pie: vaddr too large", pie().header(data, Elf.P_VADDR, 1L << 47), KILLED));
        rows.add(row("pie: vaddr negative", pie().header(data, Elf.P_VADDR, -0x1000), KILLED));
        rows.add(row("pie: 2 MiB aligned", pie().header(data, Elf.P_ALIGN, 2 << 20), RUNS));
        rows.add(row("pie: 1 TiB aligned", pie().header(data, Elf.P_ALIGN, 1L << 40), RUNS));
        rows.add(row("pie: 64 TiB aligned", pie().header(data, Elf.P_ALIGN, 1L << 46), RUNS));
        rows.add(row("pie: parts not in order", pie().header(0, Elf.P_VADDR, 0x10000), RUNS));
        rows.add(row("pie: entry negative", pie().word(Elf.E_ENTRY, -1), KILLED));
    }

    private static TestElf pie() {
        return TestElf.positionIndependent();
    }

    @TestFactory
    Stream<DynamicTest> theLoaderDoesWhatTheTableSays() throws IOException {
        return table().stream()
                .map(row -> DynamicTest.dynamicTest(row.name(), () -> assertOutcome(row)));
    }

    @Test
    void linuxDoesWhatTheTableSays() throws IOException {
        List<String> expected = new ArrayList<>();
        List<String> found = new ArrayList<>();
        for (Row row : table()) {
            expected.add(row.name() + ": " + row.outcome());
            found.add(row.name() + ": " + outcomeOnHost(row.bytes()));
        }
        assertEquals(String.join("\n", expected), String.join("\n", found));
    }

    private static void assertOutcome(Row row) {
        String outcome = outcomeHere(row.bytes());
        if (row.outcome().equals(KILLED) && LATE_ERRORS.contains(outcome)) {
            return;
        }
        assertEquals(row.outcome(), outcome);
    }

    private static String outcomeHere(byte[] bytes) {
        try (TestLoading loading = new TestLoading()) {
            LoadedProgram program = loading.load(bytes);
            return loading.runsAt(program.entry()).map(status -> "exit " + status).orElse(KILLED);
        } catch (ErrnoException e) {
            return e.errno().name();
        }
    }

    private String outcomeOnHost(byte[] bytes) throws IOException {
        JnaHostKernel host = new JnaHostKernel();
        Path file = writeProgram("program", bytes);
        int pid;
        try {
            pid =
                    host.spawn(
                            new SpawnRequest(
                                    file.toString(), List.of("x"), List.of(), Map.of(), false));
        } catch (HostCallException e) {
            return e.errno().map(Errno::name).orElse("?");
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment status = arena.allocate(ValueLayout.JAVA_INT);
            host.require("wait4", SYS_WAIT4, pid, status.address(), 0, 0);
            int value = status.get(ValueLayout.JAVA_INT, 0);
            return (value & 0x7f) == 0 ? "exit " + (value >> 8) : KILLED;
        }
    }
}
