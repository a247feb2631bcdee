package dev.plinth.kernel.fs.overlay;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.fs.pagecache.MappingList;
import dev.plinth.kernel.mm.Mappable;
import dev.plinth.kernel.state.NotSaved;

/**
 * The pages of a file of an overlay: those of the layer that counts. When that changes, mappings go
 * over to the copy, and are told that what they have is gone.
 */
@NotSaved("mappings name the layer that counts when they are made again")
final class OverlayPages implements Mappable {
    private final Object layerLock = new Object();

    /** What is mapped, to be taken along to the copy. */
    private final MappingList mappings = new MappingList();

    /** Written under layerLock; null until the file is mapped, or copied, for the first time. */
    private volatile Mappable layer;

    /** The file is about to be mapped, and these are its pages. */
    void use(Mappable pages) {
        synchronized (layerLock) {
            if (layer == null) {
                layer = pages;
            }
        }
    }

    /** Other pages count from now on. */
    void switchTo(Mappable copy) {
        synchronized (layerLock) {
            Mappable before = layer;
            layer = copy;
            if (before != null) {
                mappings.moveAll(before, copy);
            }
        }
    }

    @Override
    public FilePages pages(long start, long end, long optionalEnd, AccessType access) {
        return layer.pages(start, end, optionalEnd, access);
    }

    @Override
    public void addMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        synchronized (layerLock) {
            mappings.add(observer, range, start, sharedWritable);
            layer.addMapping(observer, range, start, sharedWritable);
        }
    }

    @Override
    public void removeMapping(
            Observer observer, AddressRange range, long start, boolean sharedWritable) {
        synchronized (layerLock) {
            mappings.remove(observer, range, start, sharedWritable);
            layer.removeMapping(observer, range, start, sharedWritable);
        }
    }
}
