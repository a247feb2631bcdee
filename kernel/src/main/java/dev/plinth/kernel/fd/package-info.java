/**
 * Descriptor tables: {@link dev.plinth.kernel.fd.FdTable}.
 *
 * <p>Lock order: a table's lock is held for moments only, and no other lock is taken under it; files
 * are closed outside of it. Imports {@code vfs} and {@code errno}.
 */
package dev.plinth.kernel.fd;
