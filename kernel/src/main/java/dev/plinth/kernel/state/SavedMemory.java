package dev.plinth.kernel.state;

/** The memory of a sandbox that is being restored, for objects that have pages of their own. */
public interface SavedMemory {
    /**
     * Takes pages into use at the place in the memory file where they were when they were saved.
     *
     * <p>The caller holds one reference to each page then, as after {@code MemoryFile.allocate} or,
     * if another has adopted it before, after {@code MemoryFile.retain}. Their content may be read
     * from the image no earlier than somebody asks the memory file for it.
     *
     * @param offset page aligned
     * @param length in bytes, page aligned; positive
     * @throws dev.plinth.kernel.image.ImageCorruptException if there is no such place, or no room
     *     for so much
     */
    void adopt(long offset, long length);
}
