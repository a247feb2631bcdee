package dev.plinth.kernel.mm;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.ImageWriter;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.memory.MemorySnapshot;
import dev.plinth.kernel.memory.RestoredMemory;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/** An image of processes, and what is restored from it. */
final class TestImage {
    private static final HostKernel HOST = new JnaHostKernel();

    private TestImage() {}

    /** Something that goes on while pages are written. */
    interface World {
        void goOn();
    }

    /** Saves processes, whose numbers are 1, 2 and so on. */
    static void write(
            Path directory,
            MemoryFile memory,
            List<TestProcess> processes,
            Compression compression,
            World world)
            throws IOException {
        try (MemorySnapshot snapshot = new MemorySnapshot(memory)) {
            write(directory, processes, compression, snapshot, world);
        }
    }

    /**
     * Saves processes, whose numbers are 1, 2 and so on.
     *
     * @param snapshot perhaps prepared; borrowed
     */
    static void write(
            Path directory,
            List<TestProcess> processes,
            Compression compression,
            MemorySnapshot snapshot,
            World world)
            throws IOException {
        try (ImageWriter image = ImageWriter.create(HOST, directory, compression)) {
            StateWriter writer = new StateWriter(snapshot);
            processes.forEach(process -> writer.reference(process.manager()));
            writer.saveAll();
            KernelState kernel = KernelState.newBuilder().setMemory(snapshot.saveState()).build();
            snapshot.freeze();
            processes.forEach(process -> process.manager().protectFrozenPages());
            world.goOn();
            snapshot.writeTo(image.pages()::write);
            image.commit(out -> writer.writeTo(kernel, out), TestImage::inventory);
        }
    }

    static Inventory inventory(Inventory.Files files) {
        return new Inventory(
                Instant.EPOCH,
                "fake",
                List.of(),
                new CpuFeatures(0x178bfbff, 2, 0xe7, 2688),
                List.of(),
                4096,
                TestProcess.USER_ADDRESSES,
                List.of(),
                List.of(),
                files);
    }

    /** What was restored; owns the memory. */
    record Restored(RestoredMemory memory, List<TestProcess> processes) implements AutoCloseable {
        Restored {
            processes = List.copyOf(processes);
        }

        TestProcess first() {
            return processes.getFirst();
        }

        MemoryFile memoryFile() {
            return memory.memoryFile();
        }

        @Override
        public void close() {
            processes.forEach(TestProcess::close);
            memory.close();
        }
    }

    /** Restores so many processes. */
    static Restored restore(Path directory, int count) throws IOException {
        return restore(directory, count, 1L << 30, newMemory -> new FakeFile(newMemory, 1));
    }

    /**
     * Restores so many processes.
     *
     * @param limit of memory
     * @param file makes what they have mapped
     */
    static Restored restore(
            Path directory, int count, long limit, Function<MemoryFile, FakeFile> file)
            throws IOException {
        try (Image image = Image.open(directory);
                InputStream state = image.kernelState()) {
            return restore(image, state, count, limit, file);
        }
    }

    /**
     * Restores so many processes.
     *
     * @param state of the kernel, in place of the image's
     */
    static Restored restore(
            Image image,
            InputStream state,
            int count,
            long limit,
            Function<MemoryFile, FakeFile> file)
            throws IOException {
        RestoredMemory memory = RestoredMemory.open(HOST, image, 8L << 30, limit);
        List<TestProcess> processes = new ArrayList<>();
        boolean complete = false;
        Restorers restorers = new Restorers();
        try (StateReader reader = new StateReader(state, restorers, memory)) {
            memory.reserve(reader.kernel().getMemory());
            List<FakeAddressSpace> spaces = new ArrayList<>();
            MemoryManager.restoring(
                    restorers,
                    memory.memoryFile(),
                    TestProcess.USER_ADDRESSES,
                    () -> {
                        spaces.add(new FakeAddressSpace());
                        return spaces.getLast();
                    });
            restorers.add(KindCase.KERNEL_PAGE, (_, _) -> file.apply(memory.memoryFile()));
            for (int i = 1; i <= count; i++) {
                MemoryManager manager = reader.get(i, MemoryManager.class);
                manager.limitTo(new FakeLimits());
                processes.add(new TestProcess(memory.memoryFile(), spaces.getLast(), manager));
            }
            reader.linkAll();
            complete = true;
        } finally {
            if (!complete) {
                processes.forEach(TestProcess::close);
                memory.close();
            }
        }
        memory.complete();
        return new Restored(memory, processes);
    }
}
