package dev.plinth.kernel.mm;

/**
 * How much memory a process has, in pages, as proc_pid_status(5) and proc_pid_statm(5) tell.
 *
 * @param size VmSize: all mappings
 * @param peakSize VmPeak
 * @param resident VmRSS: pages that lie in the memory file. More than Linux would count, for they
 *     are had in large pieces
 * @param peakResident VmHWM
 * @param residentFile of the resident ones, those of files and shared memory
 * @param data VmData: private writable mappings but for stacks
 * @param stack VmStk
 * @param executable VmExe and VmLib: mappings of code
 * @param locked VmLck
 */
public record MemoryUsage(
        long size,
        long peakSize,
        long resident,
        long peakResident,
        long residentFile,
        long data,
        long stack,
        long executable,
        long locked) {
    /** None at all. */
    public static final MemoryUsage NONE = new MemoryUsage(0, 0, 0, 0, 0, 0, 0, 0, 0);
}
