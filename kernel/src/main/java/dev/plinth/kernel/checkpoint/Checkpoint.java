package dev.plinth.kernel.checkpoint;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.ImageWriter;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.memory.MemorySnapshot;
import dev.plinth.kernel.mm.MappingInfo;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.VfsSubsystemState;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.SavedTasks;
import dev.plinth.kernel.task.StoppedWorld;
import dev.plinth.kernel.task.Task;

import java.io.IOException;
import java.time.Instant;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/**
 * The state of a sandbox at one moment, on its way into an image.
 *
 * <p>Taken while the world is stopped, in time that depends little on how much memory its programs
 * have; written then or later, when the world goes on. Confined to one thread at a time. Closing it
 * gives up what it keeps of the sandbox's memory.
 */
public final class Checkpoint implements AutoCloseable {
    private final ImageWriter image;
    private final MemorySnapshot snapshot;
    private final StateWriter writer;
    private final KernelState state;
    private final Inventory about;

    /**
     * Where a sandbox comes from.
     *
     * @param platform name of what it runs on
     * @param program the words of the program that it began with
     */
    public record Origin(String platform, List<String> program) {
        public Origin {
            requireNonNull(platform, "platform is null");
            program = List.copyOf(program);
        }
    }

    private Checkpoint(
            ImageWriter image,
            MemorySnapshot snapshot,
            StateWriter writer,
            KernelState state,
            Inventory about) {
        this.image = image;
        this.snapshot = snapshot;
        this.writer = writer;
        this.state = state;
        this.about = about;
    }

    /**
     * Prepares the memory of a sandbox, which runs, for a moment that is to be short.
     *
     * @return what {@link #take} needs; the caller closes it, or hands it over
     * @throws SandboxException STATE_UNSAVABLE if the memory cannot be prepared
     */
    public static MemorySnapshot prepare(Kernel kernel) {
        StateWriter.preload();
        MemorySnapshot snapshot = new MemorySnapshot(kernel.memoryFile());
        boolean complete = false;
        try {
            memories(kernel).forEach(memory -> memory.prepareToBeSaved(snapshot));
            complete = true;
            return snapshot;
        } catch (RuntimeException | OutOfMemoryError e) {
            throw unsavable(e);
        } finally {
            if (!complete) {
                snapshot.close();
            }
        }
    }

    private static Set<MemoryManager> memories(Kernel kernel) {
        Set<MemoryManager> memories = Collections.newSetFromMap(new IdentityHashMap<>());
        kernel.tasks().forEach(task -> memories.add(task.memory()));
        return memories;
    }

    /**
     * Why there is no checkpoint. Saving changes nothing of the sandbox, so that whatever it fails
     * of, a refusal of the host or a defect, is no reason for the programs not to go on.
     */
    private static SandboxException unsavable(Throwable cause) {
        return switch (cause) {
            case SandboxException known -> known;
            case ErrnoException refused -> unsavable(refused.errno().text(), refused);
            case HostCallException refused -> unsavable(refused.getMessage(), refused);
            default -> unsavable("a defect of Plinth: " + cause, cause);
        };
    }

    private static SandboxException unsavable(String why, Throwable cause) {
        return new SandboxException(
                ErrorCode.STATE_UNSAVABLE,
                "the state of the sandbox cannot be saved: " + why,
                "see what the host lacks or refuses, and try again",
                cause);
    }

    /**
     * Takes the state of a sandbox.
     *
     * @param world stopped for the time of the call; borrowed
     * @param kernel whose world it is
     * @param origin of the sandbox, for people to know
     * @param files saves the tree of files
     * @param image where it goes; borrowed, outlives the result
     * @param snapshot with no page yet, or prepared; owned by the result, closed if there is none
     * @return the state; the caller closes it
     * @throws SandboxException STATE_UNSAVABLE if something cannot be saved, whatever the reason
     */
    public static Checkpoint take(
            StoppedWorld world,
            Kernel kernel,
            Origin origin,
            Function<StateWriter, VfsSubsystemState> files,
            ImageWriter image,
            MemorySnapshot snapshot) {
        requireNonNull(image, "image is null");
        requireNonNull(snapshot, "snapshot is null");
        boolean complete = false;
        try {
            StateWriter writer = new StateWriter(snapshot);
            KernelState.Builder state =
                    KernelState.newBuilder()
                            .setMonotonicNanos(kernel.clock().monotonicNanos())
                            .setRealtimeNanos(kernel.clock().realtimeNanos())
                            .setBootMonotonicNanos(kernel.bootMonotonicNanos())
                            .setTasks(SavedTasks.save(kernel, writer))
                            .setFiles(files.apply(writer))
                            .setIpc(kernel.internal().saveState(writer));
            writer.saveAll();
            state.setMemory(snapshot.saveState());
            snapshot.freeze();
            memories(kernel).forEach(MemoryManager::protectFrozenPages);
            PlatformCapabilities shown = kernel.capabilities();
            Inventory about =
                    new Inventory(
                            Instant.ofEpochMilli(kernel.clock().realtime().toEpochMilli()),
                            origin.platform(),
                            Inventory.shortened(origin.program()),
                            shown.cpu(),
                            shown.features().stream().map(PlatformFeature::name).toList(),
                            shown.mapUnit(),
                            addresses(world),
                            writer.roles(),
                            writer.directories(),
                            Inventory.Files.NONE);
            Checkpoint taken = new Checkpoint(image, snapshot, writer, state.build(), about);
            complete = true;
            return taken;
        } catch (RuntimeException | OutOfMemoryError e) {
            throw unsavable(e);
        } finally {
            if (!complete) {
                snapshot.close();
            }
        }
    }

    /** From the lowest address that a program uses to the highest. */
    private static AddressRange addresses(StoppedWorld world) {
        long start = Long.MAX_VALUE;
        long end = 0;
        for (Task task : world.tasks()) {
            for (MappingInfo mapping : task.memory().mappings()) {
                start = Math.min(start, mapping.range().start());
                end = Math.max(end, mapping.range().end());
            }
        }
        return new AddressRange(Math.min(start, end), end);
    }

    /**
     * Writes the image, all or nothing.
     *
     * @throws SandboxException STATE_UNSAVABLE if something cannot be saved after all;
     *     IMAGE_UNWRITABLE
     */
    public void write() {
        try {
            snapshot.writeTo(image.pages()::write);
            image.commit(out -> writer.writeTo(state, out), about::with);
        } catch (IOException e) {
            throw image.unwritable(e);
        } catch (RuntimeException | OutOfMemoryError e) {
            throw unsavable(e);
        }
    }

    @Override
    public void close() {
        snapshot.close();
    }
}
