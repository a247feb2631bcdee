package dev.plinth.kernel.mm;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.memory.Pages;

import java.util.random.RandomGenerator;

/**
 * Where the parts of a new address space go, as {@code arch_pick_mmap_layout} and its neighbours in
 * Linux choose it for a 64-bit program.
 *
 * <pre>
 *   userAddresses.end
 *   KERNEL_PAGES        pages of the kernel's own, such as the vDSO, up to the end
 *   stackTop            the stack grows down from here (less stackJitter)
 *   mmapBase            mappings are placed below, the highest first
 *   pieBase             programs that are position independent and have an interpreter
 *   mmapBottomUp        mappings are placed above when there is no room below mmapBase
 *   userAddresses.start
 * </pre>
 *
 * @param userAddresses what can be mapped at all
 * @param stackTop page aligned
 * @param stackJitter how many bytes the first stack pointer lies lower, less than 8192
 * @param mmapBase page aligned
 * @param mmapBottomUp page aligned
 * @param pieBase page aligned
 * @param brkGap how far the program break is moved behind the program, page aligned
 */
public record AddressLayout(
        AddressRange userAddresses,
        long stackTop,
        int stackJitter,
        long mmapBase,
        long mmapBottomUp,
        long pieBase,
        long brkGap) {
    /**
     * The addresses that every platform which comes with Plinth can map, so that a process can go
     * from one to another.
     */
    public static final AddressRange PORTABLE = new AddressRange(0x1_0000L, 0x7fff_ffff_d000L);

    /** The end of what Linux lets a program map: below it is a page that nobody can. */
    private static final long TASK_SIZE = 0x7fff_ffff_f000L;

    /**
     * Where the kernel puts pages of its own into every process. Not random, as it is in Linux: the
     * address is the same on every platform, and after a restore.
     */
    public static final long KERNEL_PAGES = 0x7fff_ffff_0000L;

    /** Pages below a stack that nothing else is mapped to ({@code stack_guard_gap}). */
    static final long STACK_GUARD_GAP = 256L << Pages.SHIFT;

    private static final long STACK_RANDOM_PAGES = 0x3fffff;
    static final int STACK_JITTER_MAX = 8192;
    private static final long MMAP_RANDOM_PAGES = (1L << 28) - 1;
    private static final long BRK_RANDOM_PAGES = (1L << (30 - Pages.SHIFT)) - 1;
    private static final long GAP_MIN = 128L << 20;

    public AddressLayout {
        requireNonNull(userAddresses, "userAddresses is null");
    }

    /**
     * The layout of a process that does without randomness, as with {@code setarch -R}.
     *
     * @param userAddresses that the platform can map
     * @param stackLimit {@code RLIMIT_STACK}
     */
    public static AddressLayout fixed(AddressRange userAddresses, long stackLimit) {
        return of(userAddresses, stackLimit, 0, 0, 0, 0, 0, 0);
    }

    /**
     * A random layout.
     *
     * @param userAddresses that the platform can map
     * @param stackLimit {@code RLIMIT_STACK}
     * @param random chooses
     */
    public static AddressLayout random(
            AddressRange userAddresses, long stackLimit, RandomGenerator random) {
        return of(
                userAddresses,
                stackLimit,
                (random.nextLong() & STACK_RANDOM_PAGES) << Pages.SHIFT,
                STACK_RANDOM_PAGES << Pages.SHIFT,
                random.nextInt(STACK_JITTER_MAX),
                (random.nextLong() & MMAP_RANDOM_PAGES) << Pages.SHIFT,
                (random.nextLong() & MMAP_RANDOM_PAGES) << Pages.SHIFT,
                (random.nextLong() & BRK_RANDOM_PAGES) << Pages.SHIFT);
    }

    private static AddressLayout of(
            AddressRange userAddresses,
            long stackLimit,
            long stackRandom,
            long stackRandomMax,
            int stackJitter,
            long mmapRandom,
            long pieRandom,
            long brkRandom) {
        long taskSize = Math.min(userAddresses.end(), TASK_SIZE);
        long stackEnd = Math.min(taskSize, KERNEL_PAGES);
        long gap = stackLimit;
        long pad = stackRandomMax + STACK_GUARD_GAP;
        if (gap + pad > gap) {
            gap += pad;
        }
        gap = Math.clamp(gap, GAP_MIN, taskSize / 6 * 5);
        return new AddressLayout(
                userAddresses,
                stackEnd - stackRandom,
                stackJitter,
                Pages.floor(taskSize - gap - mmapRandom),
                Pages.ceil(taskSize / 3) + mmapRandom,
                Pages.floor(taskSize / 3 * 2) + pieRandom,
                brkRandom);
    }
}
