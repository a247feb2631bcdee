package dev.plinth.kernel.loader;

import dev.plinth.api.memory.AccessType;
import dev.plinth.kernel.loader.linux.Elf;

/**
 * {@code Elf64_Phdr}: a part of the file and where it goes. The numbers are as they stand in the
 * file, and unsigned there.
 *
 * @param type {@code PT_*}
 * @param flags {@code PF_*}
 * @param offset in the file
 * @param address in memory
 * @param fileSize bytes that come from the file
 * @param memorySize bytes in memory; what is beyond those of the file is zero
 * @param alignment of the address
 */
record ProgramHeader(
        int type,
        int flags,
        long offset,
        long address,
        long fileSize,
        long memorySize,
        long alignment) {
    boolean isLoaded() {
        return type == Elf.PT_LOAD;
    }

    /** The access that the flags ask for. */
    AccessType access() {
        return AccessType.of(
                (flags & Elf.PF_R) != 0, (flags & Elf.PF_W) != 0, (flags & Elf.PF_X) != 0);
    }
}
