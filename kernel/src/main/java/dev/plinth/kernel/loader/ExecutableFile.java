package dev.plinth.kernel.loader;

import dev.plinth.kernel.mm.MappedFile;

import java.util.Arrays;

/** A file that is loaded as a program. Used by the loading thread only. */
public interface ExecutableFile {
    /**
     * Reads bytes.
     *
     * @param offset in the file, not negative
     * @param into takes the bytes from its start
     * @return how many; fewer than there is room for only at the end of the file
     * @throws dev.plinth.kernel.errno.ErrnoException EIO and the like
     */
    int read(long offset, byte[] into);

    /** The file as mappings see it; borrowed. */
    MappedFile mapped();

    /** Reads the beginning, with zeros behind the end of a short file. */
    default byte[] head(int length) {
        byte[] bytes = new byte[length];
        int read = read(0, bytes);
        Arrays.fill(bytes, read, length, (byte) 0);
        return bytes;
    }
}
