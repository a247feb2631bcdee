/**
 * The pages of files in the memory file, for file systems whose files can be mapped.
 *
 * <p>In reading order: {@link dev.plinth.kernel.fs.pagecache.PageMap} (which page of a file lies
 * where), {@link dev.plinth.kernel.fs.pagecache.MappingList} (who has a file mapped).
 *
 * <p>Lock order: a page map has no lock, its file's page lock guards it; a mapping list has its
 * own, which stands before the page lock. Imports {@code api}, {@code memory}, {@code mm}.
 */
package dev.plinth.kernel.fs.pagecache;
