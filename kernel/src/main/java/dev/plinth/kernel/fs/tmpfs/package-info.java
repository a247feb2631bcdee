/**
 * A file system in memory, tmpfs(5): names and attributes on the JVM's heap, content in the memory
 * file.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.tmpfs.TmpFs}, {@code TmpfsDirectory}, {@code
 * TmpfsFile} with {@code MemoryContent}, {@code Seals} and {@link
 * dev.plinth.kernel.fs.tmpfs.MemoryFiles} (files without a name), {@code TmpfsSymlink}, {@code
 * TmpfsNode} (devices, fifos, sockets), {@code NodeAttributes}; {@link
 * dev.plinth.kernel.fs.tmpfs.TmpfsOptions}; {@code RestoredTmpfs} (made again out of what was
 * saved).
 *
 * <p>Locks as in {@code vfs}; the entries of directories are guarded by the tree lock. Imports
 * {@code api}, {@code errno}, {@code io}, {@code memory}, {@code mm}, {@code state}, {@code time},
 * {@code vfs} and {@code fs.pagecache}.
 */
package dev.plinth.kernel.fs.tmpfs;
