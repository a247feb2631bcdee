package dev.plinth.cli;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.boot.CheckpointHandler;
import dev.plinth.kernel.boot.Plinth;
import dev.plinth.kernel.boot.RestoreProgress;
import dev.plinth.kernel.boot.RestoreSpec;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxSpec;
import dev.plinth.kernel.boot.Stdio;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.plugin.LoadedPlatform;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** {@code plinth restore}: lets a sandbox go on that was written into an image. */
final class RestoreCommand implements StartingCommand {
    static final Option IMAGE_PATH =
            CommonOptions.withValue("image-path", "DIR", "the directory of the image");
    private static final Option ALLOW_CHANGED =
            Option.builder()
                    .longOpt("allow-changed")
                    .desc("accept files of the host that are others, or changed, since then")
                    .get();

    private static final Option MOUNT =
            CommonOptions.withValue(
                    "mount",
                    "SRC:DST[:ro|rw]",
                    "let the sandbox have a directory of the host as before; each with rw must be"
                            + " repeated; may be repeated");

    private static final Option MEMORY =
            CommonOptions.withValue(
                    "memory",
                    "BYTES",
                    "how much memory all programs and their files in memory may take, with k, m or"
                            + " g for KiB, MiB or GiB (default: as before, up to what the host"
                            + " has)");
    private static final Option PIDS =
            CommonOptions.withValue(
                    "pids",
                    "N",
                    "how many processes and threads there may be at once (default: as before)");

    private final Launch launch;

    RestoreCommand(Launch launch) {
        this.launch = requireNonNull(launch, "launch is null");
    }

    @Override
    public String name() {
        return "restore";
    }

    @Override
    public String summary() {
        return "Let a sandbox go on that was written into an image";
    }

    @Override
    public String synopsis() {
        return "--image-path DIR [OPTION]...";
    }

    @Override
    public Options options() {
        return SandboxStart.addTo(
                new Options()
                        .addOption(IMAGE_PATH)
                        .addOption(CommonOptions.PLATFORM)
                        .addOption(MOUNT)
                        .addOption(ALLOW_CHANGED)
                        .addOption(MEMORY)
                        .addOption(PIDS));
    }

    @Override
    public String notes() {
        return """
        Examples:
          plinth restore --image-path web.image
          plinth restore --detach --id web2 --platform kvm --image-path web.image

        The platform may be another than before. Standard input, output and error are
        yours, whatever they are; those that were open must be open, and those that
        were one file, as in a terminal, must be one file. The image can be restored as
        often as wanted; leave it as it is while its sandboxes run.

        On a terminal a restore that takes long shows how far it is until the programs
        run. Their memory is read then, as they use it and in the background; 'plinth
        events' tells how much is still to be read.

        Directories of the host come back where they were, for reading. An image alone
        cannot open one for writing: repeat the --mount with rw that you gave to 'plinth
        run'. 'plinth image inspect' shows them.

        Signals: as with 'plinth run'.

        Exit status: that of the first program; 128+N if signal N ended it.
          125  the sandbox could not be restored
            2  the options make no sense
        """;
    }

    @Override
    public boolean takesOptionsAnywhere() {
        return true;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return RunCommand.FAILURE_STATUS;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        return new SandboxStart(launch, this).run(arguments, console);
    }

    /** The image that is named. */
    static Path image(Arguments arguments) {
        return arguments
                .value(IMAGE_PATH)
                .filter(path -> !path.isEmpty())
                .map(Path::of)
                .orElseThrow(() -> new UsageException("no image named, with --image-path DIR"));
    }

    @Override
    public SandboxSource source(Arguments arguments) {
        arguments.requireNoOperands();
        RestoreSpec spec = RestoreSpec.of(image(arguments).toAbsolutePath().normalize());
        if (arguments.has(ALLOW_CHANGED)) {
            spec = spec.withChangesAllowed();
        }
        for (SandboxSpec.HostMount mount :
                arguments.values(MOUNT).map(MountOption::parse).toList()) {
            spec = spec.withMount(mount);
        }
        spec = spec.withLimits(limits(arguments));
        Optional<CheckpointHandler> checkpoints = SandboxStart.checkpoints(arguments);
        if (checkpoints.isPresent()) {
            spec = spec.withCheckpoints(checkpoints.get());
        }
        return new ImageSource(spec, arguments.has(RunCommand.STRACE));
    }

    private static RestoreSpec.Limits limits(Arguments arguments) {
        Optional<Long> memory = arguments.value(MEMORY).map(SandboxOptions::memory);
        Optional<Integer> tasks = arguments.value(PIDS).map(SandboxOptions::tasks);
        return new RestoreSpec.Limits(
                memory.map(OptionalLong::of).orElseGet(OptionalLong::empty),
                tasks.map(OptionalInt::of).orElseGet(OptionalInt::empty));
    }

    /** A sandbox that was written into an image. */
    private record ImageSource(RestoreSpec spec, boolean traced) implements SandboxSource {
        @Override
        public Sandbox make(
                Plinth plinth,
                LoadedPlatform platform,
                Stdio stdio,
                DebugLog log,
                RestoreProgress progress) {
            RestoreSpec whole = spec.withStdio(stdio).withProgress(progress);
            return plinth.restore(traced ? whole.withStrace(log::line) : whole, platform);
        }

        /** The image knows. */
        @Override
        public Origin origin() {
            Inventory inventory = Image.inventoryOf(spec.directory());
            return new Origin(
                    inventory.rootfs().orElse(""),
                    inventory.program(),
                    Optional.of(spec.directory()));
        }
    }
}
