package dev.plinth.kernel.image;

/** Names, numbers and bounds of the files of an image; see the description of the package. */
final class ImageFormat {
    /** The format that is written. A format has its own number, apart from Plinth's versions. */
    static final int VERSION = 1;

    /** The oldest format that can be read. */
    static final int OLDEST_VERSION = 1;

    /** The one architecture that there is. */
    static final String ARCHITECTURE = "x86_64";

    static final String INVENTORY = "inventory.json";
    static final String KERNEL = "kernel.img";
    static final String PAGE_INDEX = "pages.idx";
    static final String PAGES = "pages.img";

    static final long INVENTORY_BYTES_MAX = 1 << 20;
    static final long KERNEL_BYTES_MAX = 4L << 30;

    /** "PLNTHPGS", read as a number. */
    static final long PAGE_INDEX_MAGIC = 0x5347_5048_544e_4c50L;

    static final int PAGE_INDEX_HEADER_BYTES = 16;
    static final int EXTENT_BYTES = 32;
    static final int EXTENTS_MAX = 1 << 24;
    static final long PAGE_INDEX_BYTES_MAX =
            PAGE_INDEX_HEADER_BYTES + (long) EXTENTS_MAX * EXTENT_BYTES;

    /** Large enough to compress and to read at a stroke, small enough to bring in at a touch. */
    static final int EXTENT_PAGES_MAX = 64;

    /** Pages beyond are in no memory file: 16 TiB. */
    static final long PAGE_NUMBER_MAX = 1L << 32;

    private ImageFormat() {}
}
