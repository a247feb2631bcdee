package dev.plinth.kernel.vfs;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Portions;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.HostFileNumberState;
import dev.plinth.kernel.state.proto.HostFileNumbersState;
import dev.plinth.kernel.state.proto.InodeNumbersState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Gives numbers to inodes and to file systems: one object for the whole sandbox.
 *
 * <p>No inode number is given twice in a sandbox, whatever the file system, so that a file can keep
 * its number when an overlay copies it from one file system to another. A file of the host has a
 * number of the sandbox's too, bound to its (device, inode) there at first sight; only this map
 * knows the host's numbers, so that a checkpoint can bind the sandbox's numbers anew.
 */
public final class InodeNumbers implements Stateful {
    /** Says that it is not known which of several files with one number on the host it is. */
    public static final long ANY_GENERATION = 0;

    private static final long FIRST_INODE = 1;
    private static final int FIRST_DEVICE_MINOR = 20;

    private final AtomicLong nextInode;
    private final AtomicInteger nextDeviceMinor;
    private final ConcurrentMap<HostFileId, Binding> ofHostFiles = new ConcurrentHashMap<>();

    /**
     * Which files of the host the numbers that were saved were bound to; found when the first is
     * bound anew, by the one thread that restores.
     */
    @NotSaved("follows from the files of the host")
    private Map<Long, List<HostFileId>> savedFiles = Map.of();

    private record Binding(long number, long generation) {}

    /**
     * Which file of the host it is.
     *
     * @param device as in the host's {@code st_dev}, encoded
     * @param inode as in the host's {@code st_ino}
     */
    public record HostFileId(long device, long inode) {
        // Written out: those of a record are linked when they are first used, which takes a
        // millisecond.
        @Override
        public boolean equals(Object other) {
            return other instanceof HostFileId id && device == id.device && inode == id.inode;
        }

        @Override
        public int hashCode() {
            return 31 * Long.hashCode(device) + Long.hashCode(inode);
        }
    }

    /** Gives numbers from the first on. */
    public InodeNumbers() {
        this(FIRST_INODE, FIRST_DEVICE_MINOR);
    }

    private InodeNumbers(long nextInode, int nextDeviceMinor) {
        this.nextInode = new AtomicLong(nextInode);
        this.nextDeviceMinor = new AtomicInteger(nextDeviceMinor);
    }

    /** Makes the object again that gives numbers. */
    static void restoring(Restorers restorers) {
        restorers.add(KindCase.INODE_NUMBERS, InodeNumbers::restore);
    }

    /** The one that gives numbers in a sandbox that is being restored. */
    public static InodeNumbers of(StateReader reader) {
        return reader.get(reader.kernel().getFiles().getInodeNumbersRef(), InodeNumbers.class);
    }

    private static InodeNumbers restore(ObjectState object, StateReader reader) {
        InodeNumbersState state = object.getInodeNumbers();
        if (state.getNextInode() < FIRST_INODE || state.getNextDeviceMinor() < FIRST_DEVICE_MINOR) {
            throw StateReader.corrupt("the numbers of files begin too early");
        }
        InodeNumbers numbers = new InodeNumbers(state.getNextInode(), state.getNextDeviceMinor());
        reader.inTheEnd(() -> numbers.savedFiles = Map.of());
        for (int reference : state.getHostFileNumbersRefsList()) {
            reader.state(reference).getHostFileNumbers().getFilesList().forEach(numbers::restore);
        }
        return numbers;
    }

    private void restore(HostFileNumberState saved) {
        ofHostFiles.put(
                new HostFileId(saved.getHostDevice(), saved.getHostInode()),
                new Binding(requireGiven(saved.getNumber()), saved.getGeneration()));
    }

    private static ObjectState.Builder save(List<Map.Entry<HostFileId, Binding>> files) {
        HostFileNumbersState.Builder state = HostFileNumbersState.newBuilder();
        for (Map.Entry<HostFileId, Binding> file : files) {
            state.addFiles(
                    HostFileNumberState.newBuilder()
                            .setHostDevice(file.getKey().device)
                            .setHostInode(file.getKey().inode)
                            .setNumber(file.getValue().number)
                            .setGeneration(file.getValue().generation));
        }
        return ObjectState.newBuilder().setHostFileNumbers(state);
    }

    @Override
    public ObjectState.Builder saveState(StateWriter writer) {
        InodeNumbersState.Builder state =
                InodeNumbersState.newBuilder()
                        .setNextInode(nextInode.get())
                        .setNextDeviceMinor(nextDeviceMinor.get())
                        .addAllHostFileNumbersRefs(
                                Portions.save(ofHostFiles.entrySet(), InodeNumbers::save, writer));
        return ObjectState.newBuilder().setInodeNumbers(state);
    }

    /**
     * A number that was saved of an inode.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if no inode was ever given it
     */
    public long requireGiven(long number) {
        if (number < FIRST_INODE || number >= nextInode.get()) {
            throw StateReader.corrupt("no file was given the number " + number);
        }
        return number;
    }

    /**
     * The number that was saved of a file system, encoded.
     *
     * @throws dev.plinth.kernel.image.ImageCorruptException if no file system was ever given it
     */
    public DeviceNumber requireGivenDevice(long device) {
        DeviceNumber number = DeviceNumber.decode(device);
        if (number.major() != 0
                || number.minor() < FIRST_DEVICE_MINOR
                || number.minor() >= nextDeviceMinor.get()) {
            throw StateReader.corrupt("no file system was given the number " + number);
        }
        return number;
    }

    /**
     * Has a file of the host keep the number that it was given when it was another one there: on
     * another host, or restored from a copy.
     *
     * @param number of the sandbox
     */
    public void rebind(HostFileId file, long generation, long number) {
        if (savedFiles.isEmpty()) {
            savedFiles = new HashMap<>();
            ofHostFiles.forEach((id, binding) -> note(id, binding.number));
        }
        List<HostFileId> before = savedFiles.remove(number);
        if (before != null) {
            // Another number may have been bound to the file since.
            before.forEach(id ->
                    ofHostFiles.computeIfPresent(
                            id, (_, binding) -> binding.number == number ? null : binding));
        }
        ofHostFiles.put(file, new Binding(number, generation));
        note(file, number);
    }

    private void note(HostFileId file, long number) {
        savedFiles.computeIfAbsent(number, _ -> new ArrayList<>(1)).add(file);
    }

    /** A number for a new inode. */
    public long next() {
        return nextInode.getAndIncrement();
    }

    /** The number of a file of the host: the same for the same file, a new one at first sight. */
    public long ofHostFile(HostFileId file) {
        return ofHostFile(file, ANY_GENERATION);
    }

    /**
     * The number of a file of the host: the same for the same file, a new one at first sight, or if
     * the host has given its number there to another file.
     *
     * @param generation tells files apart that had the same number one after the other; {@link
     *     #ANY_GENERATION} if it is not known
     */
    public long ofHostFile(HostFileId file, long generation) {
        Binding known = ofHostFiles.get(file);
        if (known != null && (generation == ANY_GENERATION || generation == known.generation)) {
            return known.number;
        }
        return ofHostFiles.compute(file, (key, old) -> bind(old, generation)).number;
    }

    private Binding bind(Binding old, long generation) {
        if (old == null) {
            return new Binding(next(), generation);
        }
        if (generation == ANY_GENERATION || generation == old.generation) {
            return old;
        }
        boolean unknown = old.generation == ANY_GENERATION;
        return new Binding(unknown ? old.number : next(), generation);
    }

    /** A device number for a new file system: major 0, as Linux gives to those without a device. */
    public DeviceNumber nextDevice() {
        return new DeviceNumber(0, nextDeviceMinor.getAndIncrement());
    }
}
