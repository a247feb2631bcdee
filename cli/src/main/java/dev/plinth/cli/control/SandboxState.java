package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * What is written down of a sandbox.
 *
 * @param id its name
 * @param status what it is doing
 * @param process which process of the host it is; while it is created, the one that does so
 * @param platform its platform's name
 * @param created when it was asked for
 * @param rootfs directory on the host that its root is made of; empty if that is not known
 * @param program what ran in it first; of a restored sandbox, as far as its image tells
 * @param image directory of the image that it was restored from; empty for one that was not
 * @param exitStatus how its first process ended, as a shell has it; empty if that is not known
 */
public record SandboxState(
        String id,
        Status status,
        HostProcess process,
        String platform,
        Instant created,
        String rootfs,
        List<String> program,
        Optional<String> image,
        OptionalInt exitStatus) {
    /** The version of the form in which this is written. */
    private static final int VERSION = 1;

    private static final int STATUS_MAX = 255;

    /** What a sandbox is doing. */
    public enum Status {
        /** It is being made, and does not run yet. */
        CREATING,
        /** Its programs run. */
        RUNNING,
        /** Its programs stand still until they are resumed. */
        PAUSED,
        /** It has ended. */
        STOPPED;

        /** As it is shown and written. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public SandboxState {
        requireNonNull(id, "id is null");
        requireNonNull(status, "status is null");
        requireNonNull(process, "process is null");
        requireNonNull(platform, "platform is null");
        requireNonNull(created, "created is null");
        requireNonNull(rootfs, "rootfs is null");
        program = List.copyOf(program);
        requireNonNull(image, "image is null");
        requireNonNull(exitStatus, "exitStatus is null");
    }

    /** The same sandbox, doing something else; one that has ended does nothing any more. */
    public SandboxState with(Status changed) {
        return status == Status.STOPPED
                ? this
                : new SandboxState(
                        id,
                        changed,
                        process,
                        platform,
                        created,
                        rootfs,
                        program,
                        image,
                        exitStatus);
    }

    /** The same sandbox in another process. */
    public SandboxState with(HostProcess other) {
        return new SandboxState(
                id, status, other, platform, created, rootfs, program, image, exitStatus);
    }

    /** The same sandbox on another platform. */
    public SandboxState onPlatform(String other) {
        return new SandboxState(
                id, status, process, other, created, rootfs, program, image, exitStatus);
    }

    /** The same sandbox when it has ended. */
    public SandboxState stopped(OptionalInt how) {
        return new SandboxState(
                id, Status.STOPPED, process, platform, created, rootfs, program, image, how);
    }

    /** Whether it has a process that lives. */
    public boolean isAlive() {
        return status != Status.STOPPED && process.isAlive();
    }

    /** Whether nothing more will be written down of it. */
    boolean isFinal() {
        return status == Status.STOPPED;
    }

    /** What is true now: a sandbox whose process is gone has stopped, whatever it last wrote. */
    SandboxState asOfNow() {
        return status == Status.STOPPED || process.isAlive() ? this : stopped(exitStatus);
    }

    /** As {@code state.json} has it. */
    Message toMessage() {
        return message(true);
    }

    /**
     * As {@code plinth state} shows it: the process of one that has stopped is not there any more,
     * and its number may be another's.
     */
    public Message shown() {
        return message(status != Status.STOPPED);
    }

    private Message message(boolean withProcess) {
        Message message =
                Message.empty()
                        .with("version", VERSION)
                        .with("id", id)
                        .with("status", status.word());
        if (withProcess) {
            message = message.with("pid", process.pid()).with("pid_start", process.startTicks());
        }
        message =
                message.with("platform", platform)
                        .with("created", created.toString())
                        .with("rootfs", rootfs)
                        .with("program", program);
        if (image.isPresent()) {
            message = message.with("image", image.get());
        }
        return exitStatus.isPresent()
                ? message.with("exit_status", exitStatus.getAsInt())
                : message;
    }

    /**
     * Reads what {@link #toMessage} wrote.
     *
     * @throws MessageException if it is something else
     */
    static SandboxState of(Message message) {
        message.number("version", VERSION, VERSION);
        try {
            return new SandboxState(
                    message.string("id"),
                    Status.valueOf(message.string("status").toUpperCase(Locale.ROOT)),
                    new HostProcess(
                            message.number("pid", 1, Integer.MAX_VALUE),
                            message.number("pid_start", 0, Long.MAX_VALUE)),
                    message.string("platform"),
                    Instant.parse(message.string("created")),
                    message.string("rootfs"),
                    message.strings("program"),
                    message.has("image") ? Optional.of(message.string("image")) : Optional.empty(),
                    message.has("exit_status")
                            ? OptionalInt.of((int) message.number("exit_status", 0, STATUS_MAX))
                            : OptionalInt.empty());
        } catch (IllegalArgumentException | DateTimeException e) {
            throw new MessageException("it holds a value that makes no sense", e);
        }
    }
}
