/**
 * A file system in two layers: a directory that is never changed, and a tmpfs above it that takes
 * every change.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.overlay.OverlayFs}, {@code Layers} (what all
 * inodes share: which layers have the file, and copy-up), {@code OverlayDirectory}, {@code
 * OverlayFile} with {@code OverlayDescription} and {@code OverlayPages}, {@code OverlaySymlink},
 * {@code OverlayNode}; {@code RestoredOverlay}.
 *
 * <p>The upper layer is laid out as overlayfs of Linux does it: a name that is gone from the lower
 * layer is covered by a whiteout, a character device 0:0. A directory there is merged with the
 * lower directory that it was copied from, wherever it has been moved since; any other is opaque.
 *
 * <p>Copy-up happens when a file is first opened for writing, or its attributes change, or it gets
 * another name; its parents are copied before it. A file keeps its inode number, its hard links and
 * its identity: one inode stands for it before and after. So, unlike with Linux's overlayfs,
 * whoever has the file open for reading sees what is written later through another descriptor, and
 * mappings go over to the copy.
 *
 * <p>Locks as in {@code vfs}. The overlay's tree lock guards the names of both layers, whose own
 * tree locks nobody takes. A regular file's content is copied up before that lock is taken, under
 * the file's {@code copyLock}, which stands before it. Behind it comes an overlay file's {@code
 * descriptionsLock}, and behind that {@code OverlayPages}' lock, which stands where the list of a
 * file's mappings does.
 *
 * <p>Imports {@code api}, {@code errno}, {@code io}, {@code memory}, {@code mm}, {@code state},
 * {@code time}, {@code vfs}, {@code fs.pagecache} and {@code fs.tmpfs}.
 */
package dev.plinth.kernel.fs.overlay;
