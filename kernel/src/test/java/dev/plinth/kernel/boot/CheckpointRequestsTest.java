package dev.plinth.kernel.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** What becomes of a program's request for a checkpoint. */
@Timeout(60)
final class CheckpointRequestsTest {
    @TempDir private Path rootfs;

    private final BlockingQueue<Optional<Errno>> answers = new LinkedBlockingQueue<>();

    @Test
    void aFailureOfAnyKindIsAnswered() throws Exception {
        try (Sandbox sandbox = new MockRun(rootfs).sandbox(guest -> guest.exit(0));
                CheckpointRequests requests =
                        requests(
                                sandbox,
                                _ -> {
                                    throw new IllegalStateException("what nobody expected");
                                })) {
            requests.request(Optional.empty(), answers::add);
            assertEquals(Optional.of(Errno.EIO), answers.take());
        }
    }

    @Test
    void whoIsAnsweredMayAskAgainAtOnce() throws Exception {
        try (Sandbox sandbox = new MockRun(rootfs).sandbox(guest -> guest.exit(0));
                CheckpointRequests requests =
                        requests(
                                sandbox,
                                _ -> {
                                    throw new SandboxException(
                                            ErrorCode.IMAGE_EXISTS, "it is there", "");
                                })) {
            requests.request(
                    Optional.empty(), _ -> requests.request(Optional.empty(), answers::add));
            assertEquals(Optional.of(Errno.EEXIST), answers.take());
        }
    }

    private static CheckpointRequests requests(Sandbox sandbox, CheckpointHandler handler) {
        CheckpointRequests requests =
                new CheckpointRequests(
                        MockRun.kernelOf(sandbox), Optional.of(handler), "an id of its own");
        requests.attach(sandbox);
        return requests;
    }
}
