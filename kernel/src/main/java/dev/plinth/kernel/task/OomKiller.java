package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.Pages;
import dev.plinth.kernel.memory.MemoryStatistics;
import dev.plinth.kernel.state.NotSaved;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.charset.StandardCharsets;
import java.util.Comparator;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What happens when a program touches memory and the sandbox has none left: the process that has
 * most is killed, as mm/oom_kill.c does it, so that the others can go on.
 *
 * <p>Any thread may call any method.
 */
@NotSaved("how many were killed is saved by SavedTasks")
public final class OomKiller {
    private static final Logger log = LoggerFactory.getLogger(OomKiller.class);

    /** How long a victim may take to give its memory back before another is looked for. */
    private static final long PATIENCE_MILLIS = 2000;

    /** As much as is had at once for a page that is touched. */
    private static final long ROOM_BYTES = 2L << 20;

    /** What an adjustment of all the memory there is would be. */
    private static final int FULL_SCALE = 1000;

    private final Kernel kernel;
    private final AtomicLong kills = new AtomicLong();

    /** Held while a victim is looked for and dies: one is killed at a time. */
    private final Object killLock = new Object();

    /**
     * Kills nobody yet.
     *
     * @param before how many it killed before the sandbox was restored
     */
    OomKiller(Kernel kernel, long before) {
        this.kernel = requireNonNull(kernel, "kernel is null");
        kills.set(before);
    }

    /** How many processes were killed. */
    public long kills() {
        return kills.get();
    }

    /**
     * Makes room for the task whose thread calls this, which then tries again.
     *
     * <p>Called without locks of {@code task}, {@code mm} and {@code memory}. The caller may hold
     * locks of files: then a victim that waits for one of them does not end in time.
     *
     * @return whether there may be room now; if not, the calling task is to end
     */
    boolean makeRoom() {
        Optional<ThreadGroup> caller = caller();
        synchronized (killLock) {
            if (caller.filter(ThreadGroup::isExiting).isPresent()) {
                return false;
            }
            if (isRoom()) {
                return true;
            }
            Optional<ThreadGroup> victim = victim();
            if (victim.isEmpty()) {
                kernel.report("the sandbox is out of memory");
                kernel.killAll();
                return false;
            }
            kill(victim.get());
            if (victim.equals(caller)) {
                return false;
            }
            awaitEnd(victim.get());
            return true;
        }
    }

    /** The process whose task the calling thread runs. */
    private Optional<ThreadGroup> caller() {
        return kernel.tasks().stream()
                .filter(task -> task.isRunBy(Thread.currentThread()))
                .map(Task::group)
                .findFirst();
    }

    /** Whether someone else has given back what is needed for one page and what goes with it. */
    private boolean isRoom() {
        MemoryStatistics statistics = kernel.memoryFile().statistics();
        return statistics.limitBytes() - statistics.allocatedBytes() >= ROOM_BYTES;
    }

    private Optional<ThreadGroup> victim() {
        return kernel.processes().processes().stream()
                .filter(group -> !group.isExiting())
                .filter(group -> group.settings().oomScoreAdjustment() != ProcessSettings.OOM_NEVER)
                .max(Comparator.comparingLong(group -> badness(kernel, group)));
    }

    private void kill(ThreadGroup victim) {
        kills.incrementAndGet();
        String name = new String(victim.leader().name(), StandardCharsets.ISO_8859_1);
        log.info("out of memory: killed process {} ({})", victim.pid(), name);
        if (victim.pid() == Kernel.INIT_PID) {
            kernel.report("the sandbox is out of memory");
        }
        victim.exit(ThreadGroup.killedBy(Signal.SIGKILL));
    }

    private void awaitEnd(ThreadGroup victim) {
        long deadline = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        synchronized (victim.signalLock) {
            try (PatientWait wait = new PatientWait(victim.signalLock)) {
                long left = deadline - System.nanoTime();
                while (!victim.tasks().isEmpty() && left > 0) {
                    wait.forChange(left);
                    left = deadline - System.nanoTime();
                }
            }
        }
    }

    /** How much a process has, in pages, with its adjustment: {@code oom_badness}. */
    private static long badness(Kernel kernel, ThreadGroup group) {
        long resident = group.anyTask().map(task -> task.memory().usage().resident()).orElse(0L);
        long total = kernel.memoryTotal() / Pages.SIZE;
        return resident + group.settings().oomScoreAdjustment() * (total / FULL_SCALE);
    }

    /** What /proc/[pid]/oom_score shows. */
    static int score(Kernel kernel, ThreadGroup group) {
        if (group.settings().oomScoreAdjustment() == ProcessSettings.OOM_NEVER) {
            return 0;
        }
        long total = Math.max(1, kernel.memoryTotal() / Pages.SIZE);
        long points = badness(kernel, group) * FULL_SCALE / total;
        return (int) Math.max(0, (FULL_SCALE + points) * 2 / 3);
    }
}
