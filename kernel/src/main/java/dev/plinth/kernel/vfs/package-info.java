/**
 * Files, names and mounts: what every file system has in common, and what system calls do with
 * paths. Linux's VFS, smaller.
 *
 * <p>In reading order:
 *
 * <ul>
 *   <li>Values: {@link dev.plinth.kernel.vfs.PathName} (bytes), {@link
 *       dev.plinth.kernel.vfs.FileType}, {@link dev.plinth.kernel.vfs.FileStat}, {@link
 *       dev.plinth.kernel.vfs.DeviceNumber}.
 *   <li>What a file system implements: {@link dev.plinth.kernel.vfs.FileSystem} (a superblock),
 *       {@link dev.plinth.kernel.vfs.Inode}, {@link dev.plinth.kernel.vfs.Directory}, {@link
 *       dev.plinth.kernel.vfs.SymbolicLink}, and {@link dev.plinth.kernel.vfs.FileDescription} (an
 *       open file).
 *   <li>The tree: {@link dev.plinth.kernel.vfs.Dentry}, {@link dev.plinth.kernel.vfs.Mount}, {@link
 *       dev.plinth.kernel.vfs.Location} (both together), {@link dev.plinth.kernel.vfs.MountTree},
 *       {@link dev.plinth.kernel.vfs.PathDisplay}.
 *   <li>What system calls use: {@link dev.plinth.kernel.vfs.Vfs}, for a {@link
 *       dev.plinth.kernel.vfs.Caller} with an {@link dev.plinth.kernel.vfs.FsContext}; behind it
 *       {@code PathWalk}, {@code FileOpener}, {@code TreeChanges}, {@code AttributeChanges}, {@code
 *       Permissions}.
 *   <li>Waiting: {@link dev.plinth.kernel.vfs.Blocker}, {@link dev.plinth.kernel.vfs.WaitSet},
 *       {@link dev.plinth.kernel.vfs.WaitQueue}. Files never block; system calls do.
 *   <li>Advisory locks: {@link dev.plinth.kernel.vfs.FileLocks}, {@link
 *       dev.plinth.kernel.vfs.RecordLock}, {@link dev.plinth.kernel.vfs.LockWaits}.
 *   <li>Numbers: {@link dev.plinth.kernel.vfs.InodeNumbers}, {@link
 *       dev.plinth.kernel.vfs.DeviceRegistry}.
 *   <li>Saved: mounts, dentries and open files name each other; {@link
 *       dev.plinth.kernel.vfs.Vfs#restoring} says who makes them again. Inodes of {@link
 *       dev.plinth.kernel.vfs.NamedInodes} are found again by name.
 * </ul>
 *
 * <p>Lock order, outermost first; of each kind a thread holds one, but for an overlay, which holds
 * its own before those of its layers:
 *
 * <ol>
 *   <li>{@code mountLock} of the mount tree;
 *   <li>a file description's position lock;
 *   <li>a file system's tree lock (Linux: the directory's {@code i_rwsem} and {@code
 *       s_vfs_rename_mutex}): read to look names up, write to change them. Not held while content
 *       is read or written;
 *   <li>an inode's content lock (Linux: {@code i_rwsem} of a regular file): held over a write, and
 *       over {@link dev.plinth.kernel.io.IoBuffer#transfer};
 *   <li>the memory manager's locks, taken inside {@code transfer};
 *   <li>an inode's page lock, taken inside {@link dev.plinth.kernel.mm.Mappable#pages}. Never held
 *       when {@code transfer} is called, nor when mappings are told that pages went;
 *   <li>an inode's attribute lock, a file's {@code locksLock} and the {@code waitsLock} of record
 *       locks, and the locks of the memory file. None of them is taken under another one.
 * </ol>
 *
 * <p>Imports {@code api}, {@code errno}, {@code io}, {@code cred}, {@code state}, and {@code
 * Mappable} of {@code mm}.
 */
package dev.plinth.kernel.vfs;
