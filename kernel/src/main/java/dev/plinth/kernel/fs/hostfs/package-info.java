/**
 * A directory of the host as a file system of the sandbox: read-only below the root file system, or
 * writable where the user says so.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.hostfs.HostFs}, {@code HostHandle} (what all
 * inodes share: where the file is on the host), {@code HostDirectory}, {@code HostFile} with {@code
 * HostPages} (what is mapped of it) and {@code HostfsDescription}, {@code HostSymlink}, {@code
 * HostNode}; {@code HostCalls} and {@code HostXattrs} (the host's calls, typed), {@code
 * HostAttributes}, {@code DirectoryDescriptors}; {@code RestoredHostFs} (found again by path, and
 * checked, as far as a {@code RestorePolicy} allows).
 *
 * <p>The directory is opened once. Every other file is reached from there by openat2(2), beneath it
 * and through no symbolic link, when it is needed: only open and mapped files hold a descriptor,
 * and directories in which names were looked up lately. A file that was swapped on the host
 * meanwhile is noticed, for its (device, inode) is compared.
 *
 * <p>What the host knows about a file is believed for a second, as network file systems do: its
 * attributes, and that a name stands for it. open(2), and fstat(2) of an open file, always ask the
 * host.
 *
 * <p>Devices of the host are never opened: a device file is a number that the sandbox's own devices
 * are looked up by. Fifos and sockets are not opened either (ENXIO): they would tie the guest to
 * processes of the host, and their open could block.
 *
 * <p>Locks as in {@code vfs}. Imports {@code api}, {@code errno}, {@code image}, {@code io}, {@code
 * memory}, {@code mm}, {@code state}, {@code time}, {@code vfs} and {@code fs.pagecache}.
 */
package dev.plinth.kernel.fs.hostfs;
