package dev.plinth.kernel.mm;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;

import java.util.Optional;

/**
 * An open file as a mapping sees it: what may be mapped, and how /proc/[pid]/maps shows it.
 *
 * <p>Declared by {@code mm}, implemented by the file descriptions of {@code vfs}. Each mapping
 * keeps its file open. Any thread may call any method; all but {@link #release()}, {@link #sync}
 * and {@link #punchHole} are called under a memory manager's locks and answer at once.
 */
public interface MappedFile {
    /** The object that is saved, and gives this again when it was restored. */
    MappedFileOwner owner();

    /** The file's pages, or empty if files of this kind cannot be mapped (ENODEV). */
    Optional<? extends Mappable> mappable();

    /** Whether it was opened for reading. */
    boolean isReadable();

    /** Whether it was opened for writing. */
    boolean isWritable();

    /** Whether a seal keeps it from being written, see fcntl(2) F_ADD_SEALS. */
    default boolean isSealed() {
        return false;
    }

    /** Whether its mount lets programs be executed: not {@code noexec}. */
    boolean mayExecute();

    /** Its path as /proc/[pid]/maps shows it, or a name like {@code [vdso]}. */
    String path();

    /** {@code st_dev} of the file. */
    long device();

    /** {@code st_ino} of the file. */
    long inode();

    /** Keeps the file open for one more mapping. */
    void retain();

    /**
     * A mapping is gone: the counterpart of {@link #retain()}.
     *
     * <p>Called without locks of the memory manager, for it may close the file.
     */
    void release();

    /**
     * Brings what was written to the file through mappings to where it is kept, as fsync(2).
     *
     * <p>Called without locks of the memory manager.
     *
     * @param start in the file
     * @param end in the file
     * @throws ErrnoException EIO and the like
     */
    void sync(long start, long end);

    /**
     * Makes a part of the file a hole, as fallocate(2) with {@code FALLOC_FL_PUNCH_HOLE}.
     *
     * <p>Called without locks of the memory manager.
     *
     * @throws ErrnoException EOPNOTSUPP, which it is here, EIO and the like
     */
    default void punchHole(long start, long end) {
        throw ErrnoException.of(Errno.EOPNOTSUPP);
    }
}
