package dev.plinth.kernel.fs.overlay;

/** An inode of an overlay: of whatever type, it has layers. */
interface OverlayInode {
    /** What it is made of. */
    Layers layers();
}
