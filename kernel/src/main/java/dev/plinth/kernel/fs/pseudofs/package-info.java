/**
 * What file systems have in common that show the kernel instead of keeping files, such as those of
 * /proc and /sys.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.pseudofs.PseudoFs}, {@link
 * dev.plinth.kernel.fs.pseudofs.PseudoContent} (what a file shows, and what writing it does),
 * {@link dev.plinth.kernel.fs.pseudofs.PseudoFile}, {@link
 * dev.plinth.kernel.fs.pseudofs.PseudoLink}, {@link dev.plinth.kernel.fs.pseudofs.PseudoDirectory},
 * {@link dev.plinth.kernel.fs.pseudofs.PseudoTree} (a table of paths that becomes directories);
 * {@link dev.plinth.kernel.fs.pseudofs.NamedEntries} and {@code KnownNumbers} (inodes are not
 * saved, but made again by their names, and keep their numbers).
 *
 * <p>Nothing can be made or removed here. Each open file has a lock on its text, and each directory
 * one on what is in it, taken after those of {@code vfs}; what makes them is called with it held.
 * Imports {@code state}, {@code vfs}, {@code cred}, {@code io} and {@code errno}.
 */
package dev.plinth.kernel.fs.pseudofs;
