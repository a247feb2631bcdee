package dev.plinth.cli;

import dev.plinth.cli.control.ControlClient;
import dev.plinth.cli.control.Message;
import dev.plinth.cli.control.SandboxDirectory;
import dev.plinth.cli.control.StateRoot;
import dev.plinth.kernel.image.Compression;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.util.List;

/** {@code plinth checkpoint}: writes an image of a sandbox. */
final class CheckpointCommand extends ControlCommand {
    private static final Option LEAVE_RUNNING =
            Option.builder()
                    .longOpt("leave-running")
                    .desc("let the sandbox go on; else it ends when the image is written")
                    .get();
    private static final Option COMPRESSION =
            CommonOptions.withValue(
                    "compression",
                    "KIND",
                    "none (the default: memory can be mapped by a restore) or zstd");

    CheckpointCommand() {
        super("checkpoint", "Write a sandbox into an image, from which it can be restored");
    }

    @Override
    public String synopsis() {
        return "--image-path DIR [OPTION]... NAME";
    }

    @Override
    public Options options() {
        return new Options()
                .addOption(RestoreCommand.IMAGE_PATH)
                .addOption(LEAVE_RUNNING)
                .addOption(COMPRESSION)
                .addOption(CommonOptions.ROOT);
    }

    @Override
    public String notes() {
        return """
        DIR is made by this, complete or not at all. If it fails, the sandbox goes on.
        A sandbox that it ends has the exit status 137, as after SIGKILL. The sandbox
        writes the image itself: interrupting this command does not stop it.

        Example:
          plinth checkpoint --image-path web.image --leave-running web
        """;
    }

    @Override
    int run(StateRoot root, SandboxDirectory sandbox, Arguments arguments, Console console) {
        String compression = arguments.value(COMPRESSION).orElse(Compression.NONE.label());
        if (Compression.ofLabel(compression).isEmpty()) {
            throw new UsageException(
                    "there is no compression '" + compression + "'; choose one of: none, zstd");
        }
        Message request =
                Message.empty()
                        .with("image", RestoreCommand.image(arguments).toAbsolutePath().toString())
                        .with("leave_running", arguments.has(LEAVE_RUNNING))
                        .with("compression", compression);
        try (ControlClient client = ControlClient.connect(host(), sandbox)) {
            client.send("checkpoint", request, List.of());
            long memory = client.await().number("memory_bytes", 0, Long.MAX_VALUE);
            long written = 0;
            try (ProgressLine progress = ProgressLine.start(console, "checkpoint", memory)) {
                boolean done = false;
                while (!done) {
                    Message answer = client.await();
                    long now = answer.number("written_bytes", 0, Long.MAX_VALUE);
                    progress.add(now - written);
                    written = now;
                    done = answer.flag("done");
                }
            }
        }
        return 0;
    }
}
