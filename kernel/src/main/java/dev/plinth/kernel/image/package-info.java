/**
 * The files of a checkpoint: bytes only. What they say of tasks and files is for {@code checkpoint}
 * to know; this package keeps it whole.
 *
 * <p>In reading order: {@link dev.plinth.kernel.image.ImageWriter} (makes an image, all or
 * nothing), {@link dev.plinth.kernel.image.Image} (one that was opened to be restored, inspected or
 * verified), {@link dev.plinth.kernel.image.Inventory} (what is read first), {@link
 * dev.plinth.kernel.image.PageIndex} and {@link dev.plinth.kernel.image.PageExtent} (which pages of
 * memory there are), {@link dev.plinth.kernel.image.PageWriter}, {@link
 * dev.plinth.kernel.image.PageReader}, {@link dev.plinth.kernel.image.ImageCorruptException} and
 * its like.
 *
 * <p>An image is a directory:
 *
 * <pre>
 * inventory.json   format version, architecture, what the restoring host must have, the program
 *                  that the sandbox began with, the roles of descriptors, directories of the host,
 *                  and length and SHA-256 of kernel.img and pages.idx
 * kernel.img       everything but memory, protobuf messages; see the .proto files of checkpoint
 * pages.idx        8 bytes  "PLNTHPGS"
 *                  4        number of extents (at most 2^24)
 *                  4        compression: 0 none, 1 zstd
 *                  n * 32   extents in the order of pages, none overlapping:
 *                             8  number of the first page: its place in the memory file, or
 *                                behind it if the sandbox had it of an image itself
 *                             8  offset in pages.img, a multiple of 4096 if not compressed
 *                             4  number of pages, 1 to 64
 *                             4  bytes stored in pages.img
 *                             4  CRC-32C of the pages, as they are in memory
 *                             4  zero
 * pages.img        the pages of the extents. A page of zeros is stored nowhere
 * </pre>
 *
 * All numbers are little endian. An image is written to a sibling directory whose name begins with
 * a dot, synced, and renamed: where the name is there, the image is whole.
 *
 * <p>An image is hostile input: each length is capped before anything is allocated for it, and each
 * file is refused with the reason before its content is used. The checksums of pages are looked at
 * when the pages are, so that a restore need not read all of them first.
 *
 * <p>Nothing here is shared between threads but {@link dev.plinth.kernel.image.PageReader} and
 * {@link dev.plinth.kernel.image.PageIndex}, which any thread may use. Imports {@code
 * dev.plinth.api} and {@code error} only.
 */
package dev.plinth.kernel.image;
