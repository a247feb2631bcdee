package dev.plinth.kernel.loader.vdso;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.mm.AddressLayout;
import dev.plinth.kernel.mm.MemoryManager;
import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.time.CounterMeter;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * The vDSO of a sandbox: two pages that all of its processes have in the same place.
 *
 * <pre>
 *   IMAGE - 4096   [vvar]  what the functions read
 *   IMAGE          [vdso]  the functions
 * </pre>
 *
 * <p>Any thread may call any method.
 *
 * <p>Lasting state: the image, as the memory of each process has it. The other page is made anew.
 */
@NotSaved("the functions are saved with the tasks; the rest is made anew")
public final class Vdso implements AutoCloseable {
    static final int PAGE_BYTES = 4096;

    /** Where the image begins: on every platform, in every process, before and after a restore. */
    static final long IMAGE = AddressLayout.KERNEL_PAGES + PAGE_BYTES;

    /** So many system calls for the time make it worth to have it told without one. */
    private static final int CALLS_BEFORE_START = 100;

    /** The functions, the clocks, and code of the kernel's own. */
    private static final int PAGES = 3;

    private static final String FUNCTIONS = "[vdso]";
    private static final String CLOCKS = "[vvar]";

    private final MemoryFile memory;
    private final long pages;
    private final KernelPage image;
    private final KernelPage clocks;
    private final Supplier<CounterMeter> meters;

    /** Replaced when the sandbox goes to another platform. */
    private volatile ClockKeeper keeper;

    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicBoolean closed = new AtomicBoolean();

    private Vdso(
            byte[] functions,
            MemoryFile memory,
            long pages,
            Platform platform,
            Supplier<CounterMeter> meters) {
        this.memory = memory;
        this.pages = pages;
        MemorySegment.copy(MemorySegment.ofArray(functions), 0, memory.view(), pages, PAGE_BYTES);
        image = new KernelPage(FUNCTIONS, memory, pages);
        clocks = new KernelPage(CLOCKS, memory, pages + PAGE_BYTES);
        this.meters = meters;
        keeper = newKeeper(platform);
    }

    private ClockKeeper newKeeper(Platform platform) {
        return new ClockKeeper(
                new ClockPage(memory.slice(pages + PAGE_BYTES, PAGE_BYTES)),
                meters,
                meter ->
                        platform.capabilities().has(PlatformFeature.NATIVE_CODE)
                                && GuestCounter.isHosts(
                                        platform, memory, pages + 2 * PAGE_BYTES, meter));
    }

    /**
     * Makes the vDSO of a sandbox.
     *
     * @param platform that executes it; borrowed
     * @param memory where its pages are allocated; borrowed
     * @param meters opens a meter of the counter, on the thread that uses and closes it
     * @return the vDSO, which the caller owns, or empty if the platform's guests are not machine
     *     code, or not where the vDSO lies
     */
    public static Optional<Vdso> create(
            Platform platform, MemoryFile memory, Supplier<CounterMeter> meters) {
        requireNonNull(memory, "memory is null");
        requireNonNull(meters, "meters is null");
        boolean usable =
                platform.capabilities().has(PlatformFeature.NATIVE_CODE)
                        && platform.capabilities().userAddresses().contains(IMAGE);
        return usable
                ? Optional.of(make(VdsoImage.build(), platform, memory, meters))
                : Optional.empty();
    }

    /**
     * Makes the vDSO of a sandbox again: the functions are those that its programs have found,
     * whatever those of this Plinth are.
     *
     * @param functions what {@link #save} gave
     * @param platform as for {@link #create}; where it lacks something, the functions ask the
     *     kernel
     * @param memory as for {@link #create}
     * @param meters as for {@link #create}
     * @return the vDSO, which the caller owns
     * @throws dev.plinth.kernel.image.ImageCorruptException if that is no page
     */
    public static Vdso restore(
            byte[] functions, Platform platform, MemoryFile memory, Supplier<CounterMeter> meters) {
        if (functions.length != PAGE_BYTES) {
            throw StateReader.corrupt("a vDSO of %d bytes".formatted(functions.length));
        }
        return make(functions, platform, memory, meters);
    }

    private static Vdso make(
            byte[] functions, Platform platform, MemoryFile memory, Supplier<CounterMeter> meters) {
        return new Vdso(
                functions, memory, memory.allocate((long) PAGES * PAGE_BYTES), platform, meters);
    }

    /** The functions, as they are saved: a program may be in one of them. */
    public byte[] save() {
        return memory.content(pages, PAGE_BYTES).toArray(ValueLayout.JAVA_BYTE);
    }

    /** Has the programs that had the vDSO mapped find it again. */
    public void restoring(Restorers restorers) {
        restorers.add(KindCase.KERNEL_PAGE, this::restorePage);
    }

    private KernelPage restorePage(ObjectState object, StateReader reader) {
        return switch (object.getKernelPage().getName()) {
            case FUNCTIONS -> image;
            case CLOCKS -> clocks;
            default -> throw StateReader.corrupt("a page of the kernel that is not known");
        };
    }

    /**
     * Maps it into a process that is about to begin a program.
     *
     * @return the address of the image, for {@code AT_SYSINFO_EHDR}; empty if the program lies
     *     there itself
     */
    public Optional<Long> mapInto(MemoryManager process) {
        boolean mapped =
                process.mapKernelPage(IMAGE - PAGE_BYTES, AccessType.READ, AccessType.READ, clocks)
                        && process.mapKernelPage(
                                IMAGE,
                                AccessType.READ_EXECUTE,
                                AccessType.READ_WRITE_EXECUTE,
                                image);
        return mapped ? Optional.of(IMAGE) : Optional.empty();
    }

    /** A program asked for the time by a system call. */
    public void noteCall() {
        if (calls.get() < CALLS_BEFORE_START && calls.incrementAndGet() == CALLS_BEFORE_START) {
            keeper.start();
        }
    }

    /** Whether the functions tell the time themselves. */
    boolean isRunning() {
        return keeper.isRunning();
    }

    /**
     * Leaves the platform, which can be closed then: until the sandbox has come to another one the
     * functions ask the kernel. One thread at a time moves a sandbox.
     */
    public void leavePlatform() {
        keeper.stop();
    }

    /**
     * Comes to a platform. Whether its guests read the host's counter is found out anew, in the
     * background.
     */
    public void enterPlatform(Platform platform) {
        keeper = newKeeper(platform);
        if (calls.get() >= CALLS_BEFORE_START) {
            keeper.start();
        }
    }

    /**
     * Ends the thread that keeps the time, and waits for it. Precondition: no process uses it any
     * more. Doing so again is harmless.
     */
    @Override
    public void close() {
        keeper.stop();
        if (closed.compareAndSet(false, true)) {
            memory.release(pages, (long) PAGES * PAGE_BYTES);
        }
    }
}
