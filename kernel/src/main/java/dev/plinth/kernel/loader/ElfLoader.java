package dev.plinth.kernel.loader;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Errno;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.loader.linux.Elf;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.mm.ProgramAreas;
import dev.plinth.kernel.mm.linux.Mman;
import dev.plinth.kernel.state.NotSaved;

import java.util.List;
import java.util.Optional;

/**
 * Puts an ELF program, and its interpreter if it has one, into a new address space: {@code
 * load_elf_binary} of fs/binfmt_elf.c. One for each program that is loaded.
 */
@NotSaved("of one call of execve(2)")
public final class ElfLoader {
    private final MemoryManager memory;
    private final Interpreters interpreters;
    private boolean committed;

    /** Opens the interpreter that a program asks for; what it opens, it closes. */
    @FunctionalInterface
    public interface Interpreters {
        /**
         * Opens an interpreter.
         *
         * @param path as it stands in the program
         * @throws ErrnoException ENOENT, EACCES and the like
         */
        ExecutableFile open(byte[] path);
    }

    /**
     * Prepares to load a program.
     *
     * @param memory with nothing mapped; what is mapped when loading fails is the caller's to drop
     * @param interpreters opens what PT_INTERP names
     */
    public ElfLoader(MemoryManager memory, Interpreters interpreters) {
        this.memory = requireNonNull(memory, "memory is null");
        this.interpreters = requireNonNull(interpreters, "interpreters is null");
    }

    /**
     * Loads a program.
     *
     * @return where it begins
     * @throws ErrnoException ENOEXEC if the file is no program for this machine; ELIBBAD if its
     *     interpreter is none; E2BIG for too many strings; EINVAL, ENOMEM, EPERM, EFAULT for
     *     headers that make no sense; or what opening the interpreter throws
     */
    public LoadedProgram load(ExecutableFile file, LoadRequest request) {
        request.arguments().requireFits(request.stackLimit());
        ElfFile program = ElfFile.ofProgram(file);
        Optional<ElfFile> interpreter = program.interpreter().map(this::openInterpreter);
        committed = true;
        List<ProgramHeader> parts = program.loaded();
        requireSensible(parts);

        InitialStack stack = InitialStack.map(memory, request, program.wantsExecutableStack());
        long bias = bias(program, parts, interpreter.isPresent());
        long end = mapAll(program, parts, bias, Mman.MAP_FIXED_NOREPLACE);
        placeBreak(program, end, interpreter.isPresent());
        long programEntry = requireUser(program.entry() + bias);
        long interpreterBase = interpreter.map(elf -> mapInterpreter(elf, bias)).orElse(0L);
        long entry =
                interpreter
                        .map(elf -> requireUser(elf.entry() + interpreterBase))
                        .orElse(programEntry);

        AuxiliaryVector vector = new AuxiliaryVector();
        request.vdso()
                .flatMap(vdso -> vdso.mapInto(memory))
                .ifPresent(image -> vector.with(Elf.AT_SYSINFO_EHDR, image));
        vector.with(Elf.AT_MINSIGSTKSZ, stack.minimumSignalStack())
                .with(Elf.AT_HWCAP, request.cpu().hwcap())
                .with(Elf.AT_PAGESZ, Pages.SIZE)
                .with(Elf.AT_CLKTCK, 100)
                .with(Elf.AT_PHDR, program.headersAddress(bias))
                .with(Elf.AT_PHENT, Elf.PHDR_BYTES)
                .with(Elf.AT_PHNUM, program.headerCount())
                .with(Elf.AT_BASE, interpreterBase)
                .with(Elf.AT_FLAGS, 0)
                .with(Elf.AT_ENTRY, programEntry)
                .with(Elf.AT_UID, Integer.toUnsignedLong(request.uid()))
                .with(Elf.AT_EUID, Integer.toUnsignedLong(request.euid()))
                .with(Elf.AT_GID, Integer.toUnsignedLong(request.gid()))
                .with(Elf.AT_EGID, Integer.toUnsignedLong(request.egid()))
                .with(Elf.AT_SECURE, request.secure() ? 1 : 0)
                .with(Elf.AT_RANDOM, stack.randomAddress())
                .with(Elf.AT_HWCAP2, request.cpu().hwcap2())
                .with(Elf.AT_EXECFN, stack.pathAddress())
                .with(Elf.AT_PLATFORM, stack.platformAddress());
        AddressRange onStack = stack.finish(vector.words());
        memory.setProgram(
                new ProgramAreas(
                        codeOf(parts, bias),
                        dataOf(parts, bias),
                        stack.stackPointer(),
                        stack.argumentStrings(),
                        stack.environmentStrings(),
                        onStack));
        return new LoadedProgram(entry, stack.stackPointer());
    }

    /**
     * Whether loading got as far as to where execve(2) gives the old program up, so that an error
     * behind it finds nobody to be told.
     */
    public boolean isCommitted() {
        return committed;
    }

    private ElfFile openInterpreter(byte[] path) {
        return ElfFile.ofInterpreter(interpreters.open(path));
    }

    /** The checks that Linux makes of each part: nothing may wrap around or leave user space. */
    private void requireSensible(List<ProgramHeader> parts) {
        long taskSize = memory.layout().userAddresses().end();
        for (ProgramHeader part : parts) {
            boolean sensible =
                    Long.compareUnsigned(part.address(), taskSize) < 0
                            && Long.compareUnsigned(part.fileSize(), part.memorySize()) <= 0
                            && Long.compareUnsigned(part.memorySize(), taskSize) <= 0
                            && taskSize - part.memorySize() >= part.address();
            if (!sensible) {
                throw ErrnoException.of(Errno.EINVAL);
            }
        }
    }

    private long requireUser(long address) {
        AddressRange user = memory.layout().userAddresses();
        if (address < 0 || address >= user.end()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return address;
    }

    /**
     * What is added to every address of the program: nothing if it must be where it was linked for;
     * else it goes to the place for programs that have an interpreter, or among the mappings.
     */
    private long bias(ElfFile program, List<ProgramHeader> parts, boolean interpreted) {
        if (!program.isPositionIndependent()) {
            return 0;
        }
        long alignment = greatestAlignment(parts);
        long first = firstAddress(parts);
        if (!interpreted && alignment == Pages.SIZE) {
            return findRoom(parts, 0) - Pages.floor(first);
        }
        long base = interpreted ? memory.layout().pieBase() : findRoom(parts, 0);
        long bias = Pages.floor((base & -alignment) - first);
        claim(Pages.floor(bias + first), totalLength(parts), Mman.MAP_FIXED_NOREPLACE);
        return bias;
    }

    /**
     * Maps the interpreter.
     *
     * @param programBias of the program that it is for
     * @return what was added to its addresses
     */
    private long mapInterpreter(ElfFile interpreter, long programBias) {
        if (!interpreter.isLoadable()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        List<ProgramHeader> parts = interpreter.loaded();
        requireSensible(parts);
        long bias = 0;
        if (interpreter.isPositionIndependent()) {
            // One that was linked for an address goes there, if the program lets it.
            long first = Pages.floor(firstAddress(parts));
            bias = findRoom(parts, programBias == 0 ? first : 0) - first;
        }
        mapAll(interpreter, parts, bias, Mman.MAP_FIXED);
        return bias;
    }

    /**
     * Finds room for all parts together, if possible at an address that is wished for. The room is
     * found by mapping the file, so Linux finds none if the first part has nothing of it: then what
     * is wished for is what is taken.
     */
    private long findRoom(List<ProgramHeader> parts, long wish) {
        if (parts.getFirst().fileSize() == 0) {
            return wish;
        }
        return claim(wish, totalLength(parts), 0);
    }

    /** Makes sure that addresses are free; the mapping that does so is taken away again. */
    private long claim(long address, long length, int placement) {
        int flags = Mman.MAP_PRIVATE | Mman.MAP_ANONYMOUS | Mman.MAP_NORESERVE | placement;
        long found = memory.mmap(address, length, AccessType.NONE.prot(), flags);
        memory.munmap(found, length);
        return found;
    }

    /** From the lowest to the highest byte: {@code total_mapping_size}. */
    private static long totalLength(List<ProgramHeader> parts) {
        long first = Long.MAX_VALUE;
        long last = 0;
        for (ProgramHeader part : parts) {
            first = Math.min(first, Pages.floor(part.address()));
            last = Math.max(last, part.address() + part.memorySize());
        }
        if (last <= first) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return Pages.ceil(last - first);
    }

    private static long firstAddress(List<ProgramHeader> parts) {
        if (parts.isEmpty()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        return parts.getFirst().address();
    }

    /** The greatest alignment that is a power of two, as {@code maximum_alignment}; unsigned. */
    private static long greatestAlignment(List<ProgramHeader> parts) {
        long greatest = Pages.SIZE;
        for (ProgramHeader part : parts) {
            if (Long.bitCount(part.alignment()) == 1
                    && Long.compareUnsigned(part.alignment(), greatest) > 0) {
                greatest = part.alignment();
            }
        }
        return greatest;
    }

    /**
     * Maps every part.
     *
     * @param firstFlag for the first part of a program that was linked for its address, which must
     *     not land on the stack
     * @return where the highest byte ends
     */
    private long mapAll(ElfFile elf, List<ProgramHeader> parts, long bias, int firstFlag) {
        long end = 0;
        int placement = elf.isPositionIndependent() ? Mman.MAP_FIXED : firstFlag;
        for (ProgramHeader part : parts) {
            mapPart(elf.file(), part, bias, placement);
            placement = Mman.MAP_FIXED;
            end = Math.max(end, bias + part.address() + part.memorySize());
        }
        return end;
    }

    /** From the first byte of code to the last that comes from the file. */
    private static AddressRange codeOf(List<ProgramHeader> parts, long bias) {
        long start = Long.MAX_VALUE;
        long end = 0;
        for (ProgramHeader part : parts) {
            if (part.access().canExecute()) {
                start = Math.min(start, bias + part.address());
                end = Math.max(end, bias + part.address() + part.fileSize());
            }
        }
        return new AddressRange(Math.min(start, end), end);
    }

    /** The highest part, as far as it comes from the file: what Linux takes for the data. */
    private static AddressRange dataOf(List<ProgramHeader> parts, long bias) {
        long start = 0;
        long end = 0;
        for (ProgramHeader part : parts) {
            start = Math.max(start, bias + part.address());
            end = Math.max(end, bias + part.address() + part.fileSize());
        }
        return new AddressRange(Math.min(start, end), end);
    }

    private void mapPart(ExecutableFile file, ProgramHeader part, long bias, int placement) {
        long address = bias + part.address();
        long start = Pages.floor(address);
        long inPage = address - start;
        int prot = part.access().prot();
        long zeroStart = address + part.fileSize();
        if (part.fileSize() > 0) {
            long offset = part.offset() - inPage;
            if (!Pages.isAligned(offset) || offset < 0) {
                throw ErrnoException.of(Errno.EINVAL);
            }
            memory.mmap(
                    start,
                    part.fileSize() + inPage,
                    prot,
                    Mman.MAP_PRIVATE | placement,
                    file.mapped(),
                    offset);
            zeroRestOfPage(part, zeroStart);
            zeroStart = Pages.ceil(zeroStart);
        } else {
            zeroStart = start;
        }
        long zeroEnd = Pages.ceil(address + part.memorySize());
        if (part.memorySize() > part.fileSize() && zeroEnd > zeroStart) {
            int zeroProt = AccessType.READ_WRITE.prot() | (prot & AccessType.PROT_EXEC);
            memory.mmap(
                    zeroStart,
                    zeroEnd - zeroStart,
                    zeroProt,
                    Mman.MAP_PRIVATE
                            | Mman.MAP_ANONYMOUS
                            | (part.fileSize() > 0 ? Mman.MAP_FIXED : placement));
        }
    }

    /** Behind the file's bytes the rest of their last page is zero, if the part can be written. */
    private void zeroRestOfPage(ProgramHeader part, long from) {
        long end = Pages.ceil(from);
        if (part.memorySize() > part.fileSize() && end > from && part.access().canWrite()) {
            memory.guestMemory().zero(from, end - from);
        }
    }

    /**
     * Says where the program break begins: behind the program; but a program without an interpreter
     * that can be anywhere lies among the mappings, where there is no room to grow, so its break is
     * where an interpreted one would be.
     */
    private void placeBreak(ElfFile program, long end, boolean interpreted) {
        boolean amongMappings = program.isPositionIndependent() && !interpreted;
        // The page behind, for ELF_ET_DYN_BASE is no multiple of the page size.
        long start = amongMappings ? memory.layout().pieBase() + Pages.SIZE : Pages.ceil(end);
        memory.setBrkStart(start + memory.layout().brkGap());
    }
}
