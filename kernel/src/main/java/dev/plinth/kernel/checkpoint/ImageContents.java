package dev.plinth.kernel.checkpoint;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.state.HeapBudget;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.AddressRangeState;
import dev.plinth.kernel.state.proto.AddressSpaceState;
import dev.plinth.kernel.state.proto.AreaState;
import dev.plinth.kernel.state.proto.DentryState;
import dev.plinth.kernel.state.proto.DescriptorState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.OpenFileState;
import dev.plinth.kernel.state.proto.OwnPagesState;
import dev.plinth.kernel.state.proto.ProcessState;
import dev.plinth.kernel.state.proto.TaskState;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What an image tells of the sandbox in it, for people; nothing is restored.
 *
 * @param processes in the order in which they came
 * @param objects how many objects of the kernel there are of each kind
 */
public record ImageContents(List<SavedProcess> processes, SortedMap<String, Integer> objects) {
    /** A path of more names, or longer, is cut off; no program can have used it. */
    private static final int PATH_MAX = 4096;

    /** A process, a task or a descriptor, apart from its path. */
    private static final int ELEMENT_BYTES = 96;

    /** The field of every kind of open file that tells what all have. */
    private static final String FILE_FIELD = "file";

    public ImageContents {
        processes = List.copyOf(processes);
        objects = Collections.unmodifiableSortedMap(new TreeMap<>(objects));
    }

    /**
     * A process.
     *
     * @param pid its number
     * @param parent its parent's number; zero for none
     * @param ended whether it is a zombie
     * @param tasks those that live
     * @param mappedBytes of all its mappings
     * @param ownPages pages that are its own, or its forks'
     * @param descriptors in their order
     */
    public record SavedProcess(
            int pid,
            int parent,
            boolean ended,
            List<SavedTask> tasks,
            long mappedBytes,
            long ownPages,
            List<SavedDescriptor> descriptors) {
        public SavedProcess {
            tasks = List.copyOf(tasks);
            descriptors = List.copyOf(descriptors);
        }
    }

    /**
     * A thread.
     *
     * @param tid its number
     * @param name printable
     * @param inCall whether it was saved in a system call, which is made again
     */
    public record SavedTask(int tid, String name, boolean inCall) {
        public SavedTask {
            requireNonNull(name, "name is null");
        }
    }

    /**
     * An open descriptor.
     *
     * @param number of the descriptor
     * @param kind of the open file
     * @param flags as F_GETFL shows them
     * @param path by which it was opened, in its file system; printable
     */
    public record SavedDescriptor(int number, String kind, int flags, String path) {
        public SavedDescriptor {
            requireNonNull(kind, "kind is null");
            requireNonNull(path, "path is null");
        }
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
            return of(reader);
        } catch (OutOfMemoryError e) {
            throw HeapBudget.exhausted(e);
        } catch (IOException e) {
            throw new SandboxException(
                    ErrorCode.IMAGE_NOT_FOUND,
                    "the image %s cannot be read: %s".formatted(image.directory(), e.getMessage()),
                    "name the directory that a checkpoint wrote, which you may read",
                    e);
        }
    }

    private static ImageContents of(StateReader reader) {
        SortedMap<String, Integer> objects = new TreeMap<>();
        for (ObjectState object : reader.objects()) {
            objects.merge(kind(object), 1, Integer::sum);
        }
        List<SavedProcess> processes = new ArrayList<>();
        for (int reference : reader.kernel().getTasks().getProcessRefsList()) {
            processes.add(process(reader, reference));
        }
        return new ImageContents(processes, objects);
    }

    private static String kind(ObjectState object) {
        return object.getKindCase().name().toLowerCase(Locale.ROOT);
    }

    private static ObjectState find(StateReader reader, int reference, KindCase kind) {
        ObjectState object = reader.state(reference);
        if (object.getKindCase() != kind) {
            throw StateReader.corrupt("object %d is no %s".formatted(reference, kind));
        }
        return object;
    }

    private static SavedProcess process(StateReader reader, int reference) {
        ProcessState state = find(reader, reference, KindCase.PROCESS).getProcess();
        reader.budget().take(ELEMENT_BYTES);
        int parentReference = state.getLinks().getParentRef();
        int parent =
                parentReference == 0
                        ? 0
                        : find(reader, parentReference, KindCase.PROCESS).getProcess().getPid();
        List<SavedTask> tasks = new ArrayList<>();
        Optional<TaskState> first = Optional.empty();
        for (int taskReference : state.getTaskRefsList()) {
            TaskState task = find(reader, taskReference, KindCase.TASK).getTask();
            reader.budget().take(ELEMENT_BYTES);
            tasks.add(new SavedTask(task.getTid(), printable(task.getName()), task.getInSyscall()));
            if (first.isEmpty() && task.getProgramRef() != 0) {
                first = Optional.of(task);
            }
        }
        Optional<AddressSpaceState> memory = first.map(task -> memory(reader, task));
        return new SavedProcess(
                state.getPid(),
                parent,
                state.getLinks().hasZombie(),
                tasks,
                memory.map(ImageContents::mappedBytes).orElse(0L),
                memory.map(ImageContents::ownPages).orElse(0L),
                first.map(task -> descriptors(reader, task)).orElse(List.of()));
    }

    private static AddressSpaceState memory(StateReader reader, TaskState task) {
        int reference =
                find(reader, task.getProgramRef(), KindCase.PROGRAM).getProgram().getMemoryRef();
        return find(reader, reference, KindCase.ADDRESS_SPACE).getAddressSpace();
    }

    private static long mappedBytes(AddressSpaceState memory) {
        long bytes = 0;
        for (AreaState area : memory.getAreasList()) {
            AddressRangeState addresses = area.getAddresses();
            bytes += addresses.getEnd() - addresses.getStart();
        }
        return bytes;
    }

    private static long ownPages(AddressSpaceState memory) {
        return memory.getOwnPagesList().stream()
                .map(OwnPagesState::getRun)
                .mapToLong(run -> run.getPages())
                .sum();
    }

    private static List<SavedDescriptor> descriptors(StateReader reader, TaskState task) {
        List<SavedDescriptor> descriptors = new ArrayList<>();
        for (DescriptorState descriptor :
                find(reader, task.getFilesRef(), KindCase.FD_TABLE)
                        .getFdTable()
                        .getDescriptorsList()) {
            ObjectState object = reader.state(descriptor.getFileRef());
            OpenFileState file = openFile(object);
            String path = path(reader, file);
            reader.budget().take(ELEMENT_BYTES + path.length());
            descriptors.add(
                    new SavedDescriptor(
                            descriptor.getNumber(), kind(object), file.getFlags(), path));
        }
        return descriptors;
    }

    /** What every open file has, whatever its kind. */
    private static OpenFileState openFile(ObjectState object) {
        Optional<FieldDescriptor> kind =
                object.getAllFields().keySet().stream()
                        .filter(field -> field.getContainingOneof() != null)
                        .findAny();
        if (kind.isPresent() && object.getField(kind.get()) instanceof Message saved) {
            FieldDescriptor field = saved.getDescriptorForType().findFieldByName(FILE_FIELD);
            if (field != null && saved.getField(field) instanceof OpenFileState file) {
                return file;
            }
        }
        throw StateReader.corrupt("object %d is no open file".formatted(object.getNumber()));
    }

    private static String path(StateReader reader, OpenFileState file) {
        StringBuilder path = new StringBuilder();
        int reference = file.getLocation().getDentryRef();
        while (reference != 0 && path.length() < PATH_MAX) {
            DentryState dentry = find(reader, reference, KindCase.DENTRY).getDentry();
            String name = printable(dentry.getName());
            boolean isRoot = dentry.getParentRef() == 0 && name.equals("/");
            path.insert(0, isRoot ? "" : name);
            reference = dentry.getParentRef();
            if (reference != 0) {
                path.insert(0, '/');
            }
        }
        return path.isEmpty() ? "/" : path.toString();
    }

    /** A terminal obeys some of what is not printable, and a guest chose these. */
    private static String printable(ByteString name) {
        return name.substring(0, Math.min(name.size(), PATH_MAX))
                .toString(ISO_8859_1)
                .replaceAll("[^ -~]", "?");
    }
}
