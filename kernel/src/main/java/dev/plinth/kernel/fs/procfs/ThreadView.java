package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.Location;

import java.util.List;
import java.util.Optional;

/** A thread as /proc/[pid]/task/[tid] shows it; see {@link ProcessView} for one that has ended. */
public interface ThreadView {
    /** Its number. */
    int tid();

    /** Its name, without a zero byte. */
    byte[] name();

    /**
     * Renames it.
     *
     * @param name at most 15 bytes
     */
    void setName(byte[] name);

    /** What it is doing. */
    State state();

    /** Who it acts as. */
    Credentials credentials();

    /** Where its absolute paths start. */
    Location root();

    /** Where its relative paths start. */
    Location workingDirectory();

    /** The permissions that new files do not get. */
    int umask();

    /** The open descriptors, ascending. */
    List<Integer> descriptors();

    /**
     * The open file of a descriptor.
     *
     * @return with a reference of its own, which the caller closes; empty if it is not open
     */
    Optional<FileDescription> descriptor(int fd);

    /** Whether a descriptor is closed by execve(2). */
    boolean closesOnExec(int fd);

    /** Its sets of signals. */
    SignalSets signals();

    /** The time that it has used. */
    ProcessView.CpuTime cpuTime();

    /** Whether execve(2) grants it nothing any more. */
    boolean noNewPrivileges();

    /** Its personality(2). */
    int personality();

    /** By how much its sleeps may be late. */
    long timerSlackNanos();

    /** What a thread is doing, as the third field of proc_pid_stat(5). */
    enum State {
        RUNNING("R (running)"),
        SLEEPING("S (sleeping)"),
        STOPPED("T (stopped)"),
        ZOMBIE("Z (zombie)"),
        DEAD("X (dead)");

        private final String text;

        State(String text) {
            this.text = text;
        }

        /** As /proc/[pid]/status tells it. */
        public String text() {
            return text;
        }

        /** The letter alone. */
        public char letter() {
            return text.charAt(0);
        }
    }

    /**
     * Sets of signals, as bits.
     *
     * @param pending for the thread
     * @param shared pending for the process
     * @param blocked by the thread
     * @param ignored by the process
     * @param caught by handlers of the process
     * @param queued how many are pending in all
     */
    record SignalSets(
            long pending, long shared, long blocked, long ignored, long caught, int queued) {}
}
