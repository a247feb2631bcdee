package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.kernel.boot.CheckpointSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.image.Compression;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Writes an image of a sandbox.
 *
 * <p>Arguments: {@code image}, an absolute path; {@code leave_running}; {@code compression}. The
 * answers: {@code memory_bytes}, how much there is to write at most; now and then {@code
 * written_bytes}; {@code written_bytes} with {@code done} at the end.
 */
final class CheckpointService implements ControlServer.Handler {
    private static final Logger log = LoggerFactory.getLogger(CheckpointService.class);

    private static final long REPORT_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Sandbox sandbox;
    private final EventHub events;

    CheckpointService(Sandbox sandbox, EventHub events) {
        this.sandbox = requireNonNull(sandbox, "sandbox is null");
        this.events = requireNonNull(events, "events is null");
    }

    @Override
    public void serve(Message arguments, List<HostFd> descriptors, Connection connection) {
        Path image = arguments.path("image");
        boolean leaveRunning = arguments.flag("leave_running");
        Compression compression =
                Compression.ofLabel(arguments.string("compression"))
                        .orElseThrow(() -> new MessageException("compression is of no kind"));
        connection.send(
                Reply.of(Message.empty().with("memory_bytes", sandbox.usage().memoryBytes())));
        Progress progress = new Progress(connection);
        sandbox.checkpoint(new CheckpointSpec(image, leaveRunning, compression, progress::written));
        events.publish(
                EventHub.event(
                        "checkpoint",
                        Message.empty()
                                .with("image", image.toString())
                                .with("leave_running", leaveRunning)));
        connection.send(Reply.of(progress.message().with("done", true)));
    }

    /** Tells a client how far it has come, as long as there is one. Confined to one thread. */
    private static final class Progress {
        private final Connection connection;
        private long written;
        private long nextReport = System.nanoTime() + REPORT_NANOS;
        private boolean gone;

        Progress(Connection connection) {
            this.connection = connection;
        }

        void written(long bytes) {
            written += bytes;
            if (gone || System.nanoTime() < nextReport) {
                return;
            }
            nextReport = System.nanoTime() + REPORT_NANOS;
            try {
                connection.send(Reply.of(message()));
            } catch (ConnectionException e) {
                // The image is written all the same.
                log.debug("nobody watches any more: {}", e.getMessage());
                gone = true;
            }
        }

        Message message() {
            return Message.empty().with("written_bytes", written);
        }
    }
}
