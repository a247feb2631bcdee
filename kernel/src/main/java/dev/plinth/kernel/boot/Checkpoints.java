package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;

import dev.plinth.api.host.HostKernel;
import dev.plinth.kernel.checkpoint.Checkpoint;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.image.ImageWriter;
import dev.plinth.kernel.memory.MemorySnapshot;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.task.StoppedWorld;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/** Writes images of a sandbox, one at a time. Any thread may call any method. */
final class Checkpoints {
    private static final Logger log = LoggerFactory.getLogger(Checkpoints.class);

    private final HostKernel host;
    private final Kernel kernel;
    private final RootFileSystem files;
    private final PlatformSlot slot;

    /** What the sandbox began with; immutable. */
    private final List<String> program;

    /** Held while an image is written, outside of the locks of {@link Standstill}. */
    private final ReentrantLock imageLock = new ReentrantLock();

    /** Whether no image is written any more. */
    @GuardedBy("imageLock")
    private boolean ended;

    Checkpoints(
            HostKernel host,
            Kernel kernel,
            RootFileSystem files,
            PlatformSlot slot,
            List<String> program) {
        this.host = requireNonNull(host, "host is null");
        this.kernel = requireNonNull(kernel, "kernel is null");
        this.files = requireNonNull(files, "files is null");
        this.slot = requireNonNull(slot, "slot is null");
        this.program = List.copyOf(program);
    }

    /** As {@link Sandbox#checkpoint}. */
    void write(CheckpointSpec spec, Standstill standstill) {
        if (!imageLock.tryLock()) {
            throw new SandboxException(
                    ErrorCode.SANDBOX_BUSY,
                    "an image of the sandbox is being written already",
                    "wait until that is done");
        }
        try {
            if (ended) {
                throw Standstill.ended();
            }
            writeInTurn(spec, standstill);
        } finally {
            imageLock.unlock();
        }
    }

    private void writeInTurn(CheckpointSpec spec, Standstill standstill) {
        try (ImageWriter image = ImageWriter.create(host, spec.directory(), spec.compression())) {
            image.pages().reportTo(spec.progress());
            if (spec.leaveRunning()) {
                writeAndGoOn(image, standstill);
            } else {
                standstill.during(world -> {
                    writeAndEnd(image, world);
                    return spec;
                });
            }
        }
    }

    private void writeAndGoOn(ImageWriter image, Standstill standstill) {
        try (MemorySnapshot snapshot = Checkpoint.prepare(kernel);
                Checkpoint checkpoint = standstill.during(world -> take(image, world, snapshot))) {
            checkpoint.write();
        }
    }

    private void writeAndEnd(ImageWriter image, StoppedWorld world) {
        MemorySnapshot snapshot = new MemorySnapshot(kernel.memoryFile());
        try (Checkpoint checkpoint = take(image, world, snapshot)) {
            checkpoint.write();
        }
        world.kill();
    }

    private Checkpoint take(ImageWriter image, StoppedWorld world, MemorySnapshot snapshot) {
        long began = System.nanoTime();
        Checkpoint taken =
                Checkpoint.take(
                        world,
                        kernel,
                        new Checkpoint.Origin(slot.name(), program),
                        files::saveState,
                        image,
                        snapshot);
        log.debug("state taken in {} us", (System.nanoTime() - began) / 1000);
        return taken;
    }

    /** Waits until no image is being written; then none is any more. */
    void end() {
        imageLock.lock();
        try {
            ended = true;
        } finally {
            imageLock.unlock();
        }
    }
}
