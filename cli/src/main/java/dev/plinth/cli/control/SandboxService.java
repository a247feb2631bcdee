package dev.plinth.cli.control;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.boot.ProcessSummary;
import dev.plinth.kernel.boot.Sandbox;
import dev.plinth.kernel.boot.SandboxUsage;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;

/**
 * What a sandbox does when it is asked over its control socket. Any thread may call any method.
 *
 * <p>Requests, with their arguments and the values of their answers:
 *
 * <ul>
 *   <li>{@code ps} &rarr; {@code processes}, with as much of their arguments as there is room for
 *   <li>{@code kill} {@code signal}, {@code pid} or {@code all}
 *   <li>{@code wait} &rarr; {@code exit_status}
 *   <li>{@code pause}, {@code resume}
 *   <li>{@code events} {@code interval_millis} &rarr; one after the other, until the sandbox ends
 *   <li>{@code exec}: see {@link ExecService}; {@code swap}: see {@link SwapService}; {@code
 *       checkpoint}: see {@link CheckpointService}
 * </ul>
 */
public final class SandboxService implements AutoCloseable {
    private static final long INTERVAL_MILLIS_MAX = TimeUnit.DAYS.toMillis(1);

    /** So many characters of all processes' arguments: each is six bytes of a message at most. */
    private static final int ARGUMENTS_TOLD_MAX = Connection.MESSAGE_BYTES_MAX / 2 / 6;

    /** How often someone who waits is looked after: they may have gone. */
    private static final long CHECK_MILLIS = 1000;

    private final Sandbox sandbox;
    private final SandboxRegistration registration;
    private final ExecService exec;
    private final SwapService swap;
    private final EventHub events = new EventHub();

    /** Held while the sandbox is paused or resumed, and that is written down; outermost. */
    private final ReentrantLock turnLock = new ReentrantLock();

    /** How the first process ended, when all have. */
    private final CompletableFuture<Integer> ended = new CompletableFuture<>();

    /** Serves a sandbox that was started, or is about to be. */
    public SandboxService(HostKernel host, Sandbox sandbox, SandboxRegistration registration) {
        this.sandbox = requireNonNull(sandbox, "sandbox is null");
        this.registration = requireNonNull(registration, "registration is null");
        this.exec = new ExecService(host, sandbox, events);
        this.swap = new SwapService(host, sandbox, registration, events);
    }

    /** What is to be done about each kind of request. */
    public Map<String, ControlServer.Handler> handlers() {
        return Map.of(
                "checkpoint",
                new CheckpointService(sandbox, events),
                "ps",
                this::ps,
                "kill",
                this::kill,
                "wait",
                ControlServer.lasting(this::await),
                "pause",
                this::pause,
                "resume",
                this::resume,
                "events",
                ControlServer.lasting(this::events),
                "exec",
                exec,
                "swap",
                swap);
    }

    /**
     * The sandbox has ended: those who wait for that are told.
     *
     * @param exitStatus of its first process
     */
    public void ended(int exitStatus) {
        ended.complete(exitStatus);
        events.publish(EventHub.event("exit", Message.empty().with("exit_status", exitStatus)));
    }

    private void ps(Message arguments, List<HostFd> descriptors, Connection connection) {
        connection.send(
                Reply.of(Message.empty().withAll("processes", describe(sandbox.processes()))));
    }

    /** As much of the arguments as there is room for in a message. */
    static List<Message> describe(List<ProcessSummary> processes) {
        int share = ARGUMENTS_TOLD_MAX / Math.max(1, processes.size());
        return processes.stream().map(each -> describe(each, share)).toList();
    }

    private static Message describe(ProcessSummary process, int argumentsShown) {
        return Message.empty()
                .with("pid", process.pid())
                .with("ppid", process.parent())
                .with("uid", Integer.toUnsignedLong(process.uid()))
                .with("state", String.valueOf(process.state()))
                .with("threads", process.threads())
                .with("resident_bytes", process.residentBytes())
                .with("cpu_nanos", process.cpuNanos())
                .with("start_nanos", process.startNanos())
                .with("name", process.name())
                .with("arguments", shortened(process.arguments(), argumentsShown));
    }

    /** The first words, so many characters of them, and a mark if that is not all. */
    private static List<String> shortened(List<String> words, int characters) {
        List<String> shown = new ArrayList<>();
        int left = characters;
        for (String word : words) {
            // Quotation marks and a comma are there for the empty ones too.
            if (word.length() + 1 > left) {
                shown.add(word.substring(0, Math.max(0, left - 1)) + "\u2026");
                return shown;
            }
            shown.add(word);
            left -= word.length() + 1;
        }
        return shown;
    }

    private void kill(Message arguments, List<HostFd> descriptors, Connection connection) {
        Signal signal = signal(arguments);
        if (arguments.flag("all")) {
            sandbox.signalAll(signal);
        } else if (arguments.has("pid")) {
            int pid = (int) arguments.number("pid", 1, Integer.MAX_VALUE);
            if (!sandbox.signal(pid, signal)) {
                throw new SandboxException(
                        ErrorCode.PROCESS_UNKNOWN,
                        "there is no process " + pid + " in the sandbox",
                        "'plinth ps' shows those there are");
            }
        } else {
            sandbox.signal(signal);
        }
        connection.send(Reply.of(Message.empty()));
    }

    static Signal signal(Message arguments) {
        return Signal.of((int) arguments.number("signal", 1, Signal.values().length));
    }

    private void await(Message arguments, List<HostFd> descriptors, Connection connection)
            throws InterruptedException {
        Optional<Integer> status = Optional.empty();
        while (status.isEmpty()) {
            status = awaitEnd();
            if (status.isEmpty() && connection.isGone()) {
                return;
            }
        }
        connection.send(Reply.of(Message.empty().with("exit_status", status.get())));
    }

    private Optional<Integer> awaitEnd() throws InterruptedException {
        try {
            return Optional.of(ended.get(CHECK_MILLIS, TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new IllegalStateException("nobody fails to end", e);
        }
    }

    private void pause(Message arguments, List<HostFd> descriptors, Connection connection) {
        inTurn(() -> {
            sandbox.pause();
            registration.update(state -> state.with(SandboxState.Status.PAUSED));
            events.publish(EventHub.event("pause", Message.empty()));
        });
        connection.send(Reply.of(Message.empty()));
    }

    private void resume(Message arguments, List<HostFd> descriptors, Connection connection) {
        inTurn(() -> {
            if (!sandbox.resume()) {
                throw new SandboxException(
                        ErrorCode.SANDBOX_RUNNING,
                        "the sandbox is not paused",
                        "'plinth pause' pauses it");
            }
            registration.update(state -> state.with(SandboxState.Status.RUNNING));
            events.publish(EventHub.event("resume", Message.empty()));
        });
        connection.send(Reply.of(Message.empty()));
    }

    /** Pauses or resumes, so that what is written down last is what was done last. */
    private void inTurn(Runnable action) {
        if (!turnLock.tryLock()) {
            throw new SandboxException(
                    ErrorCode.SANDBOX_BUSY,
                    "the sandbox is being paused or resumed by somebody else",
                    "try again");
        }
        try {
            action.run();
        } finally {
            turnLock.unlock();
        }
    }

    /** The interval is that between two statements of what is used; zero for none at all. */
    private void events(Message arguments, List<HostFd> descriptors, Connection connection)
            throws InterruptedException {
        long interval = arguments.number("interval_millis", 0, INTERVAL_MILLIS_MAX);
        try (EventHub.Subscription subscription = events.subscribe()) {
            connection.send(Reply.of(usage()));
            long next = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(interval);
            while (!connection.isGone()) {
                long left =
                        interval == 0
                                ? CHECK_MILLIS
                                : TimeUnit.NANOSECONDS.toMillis(next - System.nanoTime());
                Optional<Message> event = subscription.await(Math.clamp(left, 0, CHECK_MILLIS));
                if (event.isPresent()) {
                    connection.send(Reply.of(event.get()));
                    if (event.get().string("type").equals("exit")) {
                        return;
                    }
                } else if (interval > 0 && System.nanoTime() >= next) {
                    connection.send(Reply.of(usage()));
                    next += TimeUnit.MILLISECONDS.toNanos(interval);
                }
            }
        }
    }

    private Message usage() {
        SandboxUsage usage = sandbox.usage();
        return EventHub.event(
                "usage",
                Message.empty()
                        .with("memory_bytes", usage.memoryBytes())
                        .with("memory_limit_bytes", usage.memoryLimitBytes())
                        .with("processes", usage.processes())
                        .with("tasks", usage.tasks())
                        .with("cpu_nanos", usage.cpuNanos())
                        .with("unread_image_bytes", usage.unreadImageBytes()));
    }

    /** Gives up what the sandbox ran on; after it was closed. */
    @Override
    public void close() {
        swap.close();
    }
}
