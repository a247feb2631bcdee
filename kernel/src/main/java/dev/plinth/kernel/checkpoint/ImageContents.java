package dev.plinth.kernel.checkpoint;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ObjectState;

import java.io.IOException;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an image tells of the sandbox in it, for people; nothing is restored.
 *
 * @param objects how many objects of the kernel there are of each kind
 */
public record ImageContents(SortedMap<String, Integer> objects) {
    public ImageContents {
        objects = new TreeMap<>(objects);
    }

    /**
     * Looks into an image. The pages of memory are not read.
     *
     * @param image borrowed
     * @throws SandboxException if it is damaged or cannot be read
     */
    public static ImageContents of(Image image) {
        try (StateReader reader =
                new StateReader(
                        image.kernelState(),
                        new Restorers(),
                        (offset, length) -> {
                            throw new IllegalStateException("nothing is restored");
                        })) {
            SortedMap<String, Integer> objects = new TreeMap<>();
            for (ObjectState object : reader.objects()) {
                objects.merge(kind(object), 1, Integer::sum);
            }
            return new ImageContents(objects);
        } catch (IOException e) {
            throw new SandboxException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "the image %s cannot be read: %s".formatted(image.directory(), e),
                    "name the directory that a checkpoint wrote, which you may read",
                    e);
        }
    }

    private static String kind(ObjectState object) {
        return object.getKindCase().name().toLowerCase(Locale.ROOT);
    }
}
