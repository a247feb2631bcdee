package dev.plinth.kernel.loader;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.loader.linux.Elf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * The headers of an ELF file, read once and checked as Linux does before it gives up the old
 * program.
 */
final class ElfFile {
    private static final int MAX_PATH_BYTES = 4096;

    /** What all program headers may take. */
    private static final int MAX_TABLE_BYTES = 65536;

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;

    private final ExecutableFile file;
    private final int type;
    private final long entry;
    private final long headersOffset;
    private final List<ProgramHeader> headers;

    private ElfFile(
            ExecutableFile file,
            int type,
            long entry,
            long headersOffset,
            List<ProgramHeader> headers) {
        this.file = file;
        this.type = type;
        this.entry = entry;
        this.headersOffset = headersOffset;
        this.headers = List.copyOf(headers);
    }

    /**
     * Reads the headers of a program.
     *
     * @throws ErrnoException ENOEXEC if it cannot be executed
     */
    static ElfFile ofProgram(ExecutableFile file) {
        ElfFile program = read(file, file.head(Elf.EHDR_BYTES), Errno.ENOEXEC);
        if (!program.isLoadable()) {
            throw ErrnoException.of(Errno.ENOEXEC);
        }
        return program;
    }

    /**
     * Reads the headers of an interpreter. Whether it is of a type that can be loaded is looked at
     * when it is.
     *
     * @throws ErrnoException ELIBBAD if it is for no such machine; EIO if it is shorter than a
     *     header
     */
    static ElfFile ofInterpreter(ExecutableFile file) {
        byte[] head = new byte[Elf.EHDR_BYTES];
        if (file.read(0, head) != head.length) {
            throw ErrnoException.of(Errno.EIO);
        }
        return read(file, head, Errno.ELIBBAD);
    }

    private static ElfFile read(ExecutableFile file, byte[] head, Errno unfit) {
        MemorySegment header = MemorySegment.ofArray(head);
        int machine = header.get(SHORT, Elf.E_MACHINE) & 0xffff;
        int entrySize = header.get(SHORT, Elf.E_PHENTSIZE) & 0xffff;
        int count = header.get(SHORT, Elf.E_PHNUM) & 0xffff;
        // Linux does not look at the class and the byte order: the machine says enough.
        boolean fits =
                header.get(INT, 0) == Elf.ELFMAG
                        && machine == Elf.EM_X86_64
                        && entrySize == Elf.PHDR_BYTES
                        && count > 0
                        && count * Elf.PHDR_BYTES <= MAX_TABLE_BYTES;
        if (!fits) {
            throw ErrnoException.of(unfit);
        }
        long offset = header.get(LONG, Elf.E_PHOFF);
        return new ElfFile(
                file,
                header.get(SHORT, Elf.E_TYPE) & 0xffff,
                header.get(LONG, Elf.E_ENTRY),
                offset,
                readHeaders(file, offset, count, unfit));
    }

    private static List<ProgramHeader> readHeaders(
            ExecutableFile file, long offset, int count, Errno unfit) {
        byte[] table = new byte[count * Elf.PHDR_BYTES];
        if (offset < 0 || file.read(offset, table) != table.length) {
            throw ErrnoException.of(unfit);
        }
        MemorySegment segment = MemorySegment.ofArray(table);
        List<ProgramHeader> headers = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            MemorySegment header = segment.asSlice((long) i * Elf.PHDR_BYTES, Elf.PHDR_BYTES);
            headers.add(
                    new ProgramHeader(
                            header.get(INT, Elf.P_TYPE),
                            header.get(INT, Elf.P_FLAGS),
                            header.get(LONG, Elf.P_OFFSET),
                            header.get(LONG, Elf.P_VADDR),
                            header.get(LONG, Elf.P_FILESZ),
                            header.get(LONG, Elf.P_MEMSZ),
                            header.get(LONG, Elf.P_ALIGN)));
        }
        return headers;
    }

    /** The file that the headers are of. */
    ExecutableFile file() {
        return file;
    }

    /**
     * Whether it is a program or a shared object, rather than something for a linker or debugger.
     */
    boolean isLoadable() {
        return type == Elf.ET_EXEC || type == Elf.ET_DYN;
    }

    /** Whether the program can be loaded at any address. */
    boolean isPositionIndependent() {
        return type == Elf.ET_DYN;
    }

    /** The first instruction, as linked. */
    long entry() {
        return entry;
    }

    /** How many program headers there are. */
    int headerCount() {
        return headers.size();
    }

    /** The parts that are loaded, in the order of the file. */
    List<ProgramHeader> loaded() {
        return headers.stream().filter(ProgramHeader::isLoaded).toList();
    }

    /** Whether the stack is to be executable, as it is for a file that does not say. */
    boolean wantsExecutableStack() {
        boolean executable = true;
        for (ProgramHeader header : headers) {
            if (header.type() == Elf.PT_GNU_STACK) {
                executable = (header.flags() & Elf.PF_X) != 0;
            }
        }
        return executable;
    }

    /**
     * The path of the interpreter that the program asks for.
     *
     * @throws ErrnoException ENOEXEC if it is no string of a sensible length; EIO if the file ends
     *     before it; EINVAL if its offset is absurd
     */
    Optional<byte[]> interpreter() {
        for (ProgramHeader header : headers) {
            if (header.type() != Elf.PT_INTERP) {
                continue;
            }
            long size = header.fileSize();
            if (size < 2 || size > MAX_PATH_BYTES) {
                throw ErrnoException.of(Errno.ENOEXEC);
            }
            if (header.offset() < 0 || header.offset() + size < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            byte[] path = new byte[(int) size];
            if (file.read(header.offset(), path) != path.length) {
                throw ErrnoException.of(Errno.EIO);
            }
            if (path[path.length - 1] != 0) {
                throw ErrnoException.of(Errno.ENOEXEC);
            }
            int end = 0;
            while (path[end] != 0) {
                end++;
            }
            return Optional.of(Arrays.copyOf(path, end));
        }
        return Optional.empty();
    }

    /**
     * Where the program headers are in memory: within the part that holds them; zero if none does
     * (fs/binfmt_elf.c).
     *
     * @param bias between linked and actual addresses
     */
    long headersAddress(long bias) {
        for (ProgramHeader header : headers) {
            boolean holds =
                    header.isLoaded()
                            && Long.compareUnsigned(header.offset(), headersOffset) <= 0
                            && Long.compareUnsigned(
                                            headersOffset, header.offset() + header.fileSize())
                                    < 0;
            if (holds) {
                return headersOffset - header.offset() + header.address() + bias;
            }
        }
        return 0;
    }
}
