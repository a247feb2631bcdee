package dev.plinth.kernel.loader.vdso;

import dev.plinth.kernel.loader.linux.Elf;
import dev.plinth.kernel.state.NotSaved;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The vDSO's ELF image: one page, all of it one segment that can be read and executed.
 *
 * <p>It has what the C libraries and Go's runtime look for: a dynamic section with symbols, both
 * kinds of hash table, and the version {@code LINUX_2.6} of every function, by the name {@code
 * __vdso_NAME} and, weak, by {@code NAME}. It has no sections: only debuggers would look for them.
 */
@NotSaved("used while the image is made")
final class VdsoImage {
    private static final String SONAME = "linux-vdso.so.1";
    private static final String VERSION = "LINUX_2.6";

    private static final int PROGRAM_HEADERS = 2;
    private static final int SYMBOL_BYTES = 24;
    private static final int DYNAMIC_ENTRIES = 11;
    private static final int DYNAMIC_BYTES = 16;

    /** {@code Elf64_Verdef} with one {@code Elf64_Verdaux}. */
    private static final int VERSION_DEFINITION_BYTES = 20 + 8;

    /** A global or weak function, for {@code st_info}. */
    private static final int GLOBAL_FUNCTION = 1 << 4 | 2;

    private static final int WEAK_FUNCTION = 2 << 4 | 2;

    /** {@code st_shndx}: there are no sections, but zero would mean that it is not defined here. */
    private static final short DEFINED = 1;

    private static final int BLOOM_SHIFT = 6;

    private final ByteBuffer image =
            ByteBuffer.allocate(Vdso.PAGE_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    private final StringBuilder strings = new StringBuilder("\0");

    private record Symbol(String name, int nameOffset, int info, int address) {}

    private VdsoImage() {}

    /** Builds the image: one page. */
    static byte[] build() {
        VdsoImage image = new VdsoImage();
        image.write();
        return image.image.array();
    }

    private void write() {
        int codeAt = Vdso.PAGE_BYTES / 4;
        VdsoCode code = new VdsoCode(codeAt);
        final int soname = addString(SONAME);
        final int version = addString(VERSION);
        List<Symbol> symbols = symbols(code.functions());

        image.position(Elf.EHDR_BYTES + PROGRAM_HEADERS * Elf.PHDR_BYTES);
        final int symbolTable = image.position();
        writeSymbols(symbols);
        final int hash = image.position();
        writeHash(symbols);
        final int gnuHash = align(Long.BYTES);
        writeGnuHash(symbols);
        final int versions = image.position();
        image.putShort((short) 0);
        symbols.forEach(_ -> image.putShort((short) 2));
        final int definitions = align(Long.BYTES);
        writeVersionDefinition(1, 1, SONAME, soname);
        writeVersionDefinition(0, 2, VERSION, version);
        final int stringTable = image.position();
        image.put(strings.toString().getBytes(StandardCharsets.US_ASCII));
        final int dynamic = align(Long.BYTES);
        writeDynamic(Elf.DT_SONAME, soname);
        writeDynamic(Elf.DT_HASH, hash);
        writeDynamic(Elf.DT_GNU_HASH, gnuHash);
        writeDynamic(Elf.DT_STRTAB, stringTable);
        writeDynamic(Elf.DT_STRSZ, strings.length());
        writeDynamic(Elf.DT_SYMTAB, symbolTable);
        writeDynamic(Elf.DT_SYMENT, SYMBOL_BYTES);
        writeDynamic(Elf.DT_VERSYM, versions);
        writeDynamic(Elf.DT_VERDEF, definitions);
        writeDynamic(Elf.DT_VERDEFNUM, 2);
        writeDynamic(Elf.DT_NULL, 0);
        if (image.position() > codeAt) {
            throw new IllegalStateException("the tables reach into the code");
        }
        image.position(codeAt);
        image.put(code.bytes());
        writeHeaders(dynamic);
    }

    private int align(int alignment) {
        image.position((image.position() + alignment - 1) & -alignment);
        return image.position();
    }

    private int addString(String string) {
        int offset = strings.length();
        strings.append(string).append('\0');
        return offset;
    }

    private List<Symbol> symbols(Map<String, Integer> functions) {
        List<Symbol> symbols = new ArrayList<>();
        functions.forEach((name, address) -> {
            String full = "__vdso_" + name;
            int offset = addString(full);
            symbols.add(new Symbol(full, offset, GLOBAL_FUNCTION, address));
            // The short name is the end of the long one.
            int tail = offset + full.length() - name.length();
            symbols.add(new Symbol(name, tail, WEAK_FUNCTION, address));
        });
        return symbols;
    }

    private void writeSymbols(List<Symbol> symbols) {
        image.position(image.position() + SYMBOL_BYTES);
        for (Symbol symbol : symbols) {
            image.putInt(symbol.nameOffset());
            image.put((byte) symbol.info());
            image.put((byte) 0);
            image.putShort(DEFINED);
            image.putLong(symbol.address());
            image.putLong(0);
        }
    }

    /** The table of the System V ABI, with a single bucket: all symbols in one chain. */
    private void writeHash(List<Symbol> symbols) {
        image.putInt(1).putInt(symbols.size() + 1);
        image.putInt(1);
        image.putInt(0);
        for (int i = 1; i <= symbols.size(); i++) {
            image.putInt(i == symbols.size() ? 0 : i + 1);
        }
    }

    /** The GNU table, with a single bucket and one word of its Bloom filter. */
    private void writeGnuHash(List<Symbol> symbols) {
        image.putInt(1).putInt(1).putInt(1).putInt(BLOOM_SHIFT);
        long bloom = 0;
        for (Symbol symbol : symbols) {
            int hash = gnuHash(symbol.name());
            bloom |= 1L << (hash & 63) | 1L << (hash >>> BLOOM_SHIFT & 63);
        }
        image.putLong(bloom);
        image.putInt(1);
        for (int i = 0; i < symbols.size(); i++) {
            int hash = gnuHash(symbols.get(i).name());
            // The lowest bit marks the end of the chain.
            image.putInt(i == symbols.size() - 1 ? hash | 1 : hash & ~1);
        }
    }

    private static int gnuHash(String name) {
        int hash = 5381;
        for (int i = 0; i < name.length(); i++) {
            hash = hash * 33 + name.charAt(i);
        }
        return hash;
    }

    private static int elfHash(String name) {
        int hash = 0;
        for (int i = 0; i < name.length(); i++) {
            hash = (hash << 4) + name.charAt(i);
            hash = (hash ^ (hash >>> 24 & 0xf0)) & 0x0fff_ffff;
        }
        return hash;
    }

    /** An {@code Elf64_Verdef} and the {@code Elf64_Verdaux} that names it. */
    private void writeVersionDefinition(int flags, int index, String name, int nameOffset) {
        boolean last = index == 2;
        image.putShort((short) 1).putShort((short) flags);
        image.putShort((short) index).putShort((short) 1);
        image.putInt(elfHash(name));
        image.putInt(20);
        image.putInt(last ? 0 : VERSION_DEFINITION_BYTES);
        image.putInt(nameOffset).putInt(0);
    }

    private void writeDynamic(long tag, long value) {
        image.putLong(tag).putLong(value);
    }

    private void writeHeaders(int dynamic) {
        image.putInt(0, Elf.ELFMAG);
        image.put(4, (byte) Elf.ELFCLASS64).put(5, (byte) Elf.ELFDATA2LSB).put(6, (byte) 1);
        image.putShort(Elf.E_TYPE, (short) Elf.ET_DYN);
        image.putShort(Elf.E_MACHINE, (short) Elf.EM_X86_64);
        image.putInt(Elf.E_VERSION, 1);
        image.putLong(Elf.E_PHOFF, Elf.EHDR_BYTES);
        image.putShort(Elf.E_EHSIZE, (short) Elf.EHDR_BYTES);
        image.putShort(Elf.E_PHENTSIZE, (short) Elf.PHDR_BYTES);
        image.putShort(Elf.E_PHNUM, (short) PROGRAM_HEADERS);
        int load = Elf.EHDR_BYTES;
        writeHeader(load, Elf.PT_LOAD, Elf.PF_R | Elf.PF_X, 0, Vdso.PAGE_BYTES, Vdso.PAGE_BYTES);
        writeHeader(
                load + Elf.PHDR_BYTES,
                Elf.PT_DYNAMIC,
                Elf.PF_R,
                dynamic,
                DYNAMIC_ENTRIES * DYNAMIC_BYTES,
                Long.BYTES);
    }

    private void writeHeader(int at, int type, int flags, int offset, int size, int alignment) {
        image.putInt(at + Elf.P_TYPE, type);
        image.putInt(at + Elf.P_FLAGS, flags);
        image.putLong(at + Elf.P_OFFSET, offset);
        image.putLong(at + Elf.P_VADDR, offset);
        image.putLong(at + Elf.P_FILESZ, size);
        image.putLong(at + Elf.P_MEMSZ, size);
        image.putLong(at + Elf.P_ALIGN, alignment);
    }
}
