package dev.plinth.kernel.loader.linux;

/** Mirrors {@code elf.h} and {@code linux/auxvec.h} for 64-bit files. */
public final class Elf {
    /** {@code 0x7f 'E' 'L' 'F'}, as a little-endian int. */
    public static final int ELFMAG = 0x464c457f;

    public static final int ELFCLASS64 = 2;
    public static final int ELFDATA2LSB = 1;

    public static final int ET_EXEC = 2;
    public static final int ET_DYN = 3;
    public static final int EM_X86_64 = 62;

    /** {@code Elf64_Ehdr}. */
    public static final int EHDR_BYTES = 64;

    public static final int E_TYPE = 16;
    public static final int E_MACHINE = 18;
    public static final int E_VERSION = 20;
    public static final int E_ENTRY = 24;
    public static final int E_PHOFF = 32;
    public static final int E_EHSIZE = 52;
    public static final int E_PHENTSIZE = 54;
    public static final int E_PHNUM = 56;

    /** {@code Elf64_Phdr}. */
    public static final int PHDR_BYTES = 56;

    public static final int P_TYPE = 0;
    public static final int P_FLAGS = 4;
    public static final int P_OFFSET = 8;
    public static final int P_VADDR = 16;
    public static final int P_FILESZ = 32;
    public static final int P_MEMSZ = 40;
    public static final int P_ALIGN = 48;

    public static final int PT_LOAD = 1;
    public static final int PT_DYNAMIC = 2;
    public static final int PT_INTERP = 3;
    public static final int PT_GNU_STACK = 0x6474e551;

    public static final int PF_X = 1;
    public static final int PF_W = 2;
    public static final int PF_R = 4;

    public static final long DT_NULL = 0;
    public static final long DT_HASH = 4;
    public static final long DT_STRTAB = 5;
    public static final long DT_SYMTAB = 6;
    public static final long DT_STRSZ = 10;
    public static final long DT_SYMENT = 11;
    public static final long DT_SONAME = 14;
    public static final long DT_GNU_HASH = 0x6ffffef5L;
    public static final long DT_VERSYM = 0x6ffffff0L;
    public static final long DT_VERDEF = 0x6ffffffcL;
    public static final long DT_VERDEFNUM = 0x6ffffffdL;

    public static final long AT_NULL = 0;
    public static final long AT_PHDR = 3;
    public static final long AT_PHENT = 4;
    public static final long AT_PHNUM = 5;
    public static final long AT_PAGESZ = 6;
    public static final long AT_BASE = 7;
    public static final long AT_FLAGS = 8;
    public static final long AT_ENTRY = 9;
    public static final long AT_UID = 11;
    public static final long AT_EUID = 12;
    public static final long AT_GID = 13;
    public static final long AT_EGID = 14;
    public static final long AT_PLATFORM = 15;
    public static final long AT_HWCAP = 16;
    public static final long AT_CLKTCK = 17;
    public static final long AT_SECURE = 23;
    public static final long AT_RANDOM = 25;
    public static final long AT_HWCAP2 = 26;
    public static final long AT_EXECFN = 31;
    public static final long AT_SYSINFO_EHDR = 33;
    public static final long AT_MINSIGSTKSZ = 51;

    private Elf() {}
}
