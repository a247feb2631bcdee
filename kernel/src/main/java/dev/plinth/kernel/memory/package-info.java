/**
 * The memory file: where all guest memory of a sandbox lies.
 *
 * <p>In reading order: {@link dev.plinth.kernel.memory.MemoryFile} (one sparse file; runs of its
 * pages are allocated, reference counted and given back to the host), {@link
 * dev.plinth.kernel.memory.MemoryStatistics}, {@code PageAllocator} (which pages are in use),
 * {@code Chunk} (what is known of the pages in 2 MiB), {@code PageBitmap}.
 *
 * <p>For checkpoints: {@link dev.plinth.kernel.memory.MemorySnapshot} (the pages of one moment),
 * {@code FrozenPages} (those of them that are written in place, and copied aside before they are),
 * {@link dev.plinth.kernel.memory.RestoredMemory} (the memory of a sandbox that is restored),
 * {@link dev.plinth.kernel.memory.ImageMemory} (the image as memory), {@code ImageReader} (reads
 * what nobody has touched yet), {@code MissingPages} (pages of the memory file whose content is
 * still in the image).
 *
 * <pre>
 * places:   0                capacity      + 2 MiB
 *           | memory file    | nothing     | image: pages.img, or what was decompressed of it |
 *           | read, written  |             | read                                             |
 * </pre>
 *
 * A place names a page for good. Pages of the image are never written, and not counted.
 *
 * <p>Lock order: the lock of {@code MissingPages} that is held while content is copied, then those
 * of {@code ImageMemory}, one for some extents each, held while one is read. That of {@code
 * FrozenPages} is a leaf, held while some dozen pages are copied. {@code PageAllocator}'s lock and
 * the other one of {@code MissingPages}, in this order, are leaves; they are held for a few hundred
 * instructions and never over a call to the host. Imports {@code dev.plinth.api}, {@code errno},
 * {@code error}, {@code image} and {@code state} only.
 */
package dev.plinth.kernel.memory;
