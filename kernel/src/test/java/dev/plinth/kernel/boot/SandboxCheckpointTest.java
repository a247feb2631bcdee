package dev.plinth.kernel.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;

import dev.plinth.api.host.HostCallException;
import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.kernel.boot.SandboxSpec.HostMount;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fs.procfs.ThreadView;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.kernel.image.Compression;
import dev.plinth.kernel.image.Image;
import dev.plinth.kernel.image.Inventory;
import dev.plinth.kernel.image.SharedDirectory;
import dev.plinth.kernel.state.proto.ExitStatusState;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.ProcessState;
import dev.plinth.kernel.state.proto.TaskState;
import dev.plinth.kernel.state.proto.ZombieState;
import dev.plinth.kernel.task.ExitStatus;
import dev.plinth.kernel.task.KernelProcesses;
import dev.plinth.testkit.LeakCheck;
import dev.plinth.testkit.mock.Guest;
import dev.plinth.testkit.mock.GuestCode;
import dev.plinth.testkit.mock.MockElf;
import dev.plinth.testkit.mock.MockProgram;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * Checkpoint and restore of whole sandboxes, on the mock platform. Its programs stand still at a
 * checkpoint for good: in the restored sandbox it is handlers of signals that look around.
 */
@Timeout(60)
final class SandboxCheckpointTest {
    private static final long OPEN = 2;
    private static final long O_RDWR_CLOEXEC = 02000002;
    private static final long O_RDWR_CREAT = 0102;
    private static final long MMAP = 9;
    private static final long RT_SIGACTION = 13;
    private static final long RT_SIGPROCMASK = 14;
    private static final long PREAD = 17;
    private static final long PWRITE = 18;
    private static final long PAUSE = 34;
    private static final long NANOSLEEP = 35;
    private static final long GETITIMER = 36;
    private static final long SETITIMER = 38;
    private static final long GETPID = 39;
    private static final long CLONE = 56;
    private static final long FORK = 57;
    private static final long VFORK = 58;
    private static final long WAIT4 = 61;
    private static final long KILL = 62;
    private static final long SETPGID = 109;
    private static final long SETSID = 112;
    private static final long SIGALTSTACK = 131;
    private static final long PRCTL = 157;
    private static final long SETRLIMIT = 160;
    private static final long TIMER_CREATE = 222;
    private static final long TIMER_SETTIME = 223;
    private static final long CLOCK_GETTIME = 228;
    private static final long EVENTFD2 = 290;

    private static final long THREAD_FLAGS = 0x10f00;
    private static final long SA_RESTORER = 0x04000000;
    private static final long PR_SET_NAME = 15;
    private static final int SIGUSR1 = 10;
    private static final int SIGUSR2 = 12;
    private static final int SIGSTOP = 19;

    /** In user_regs_struct. */
    private static final int ORIG_RAX = 120;

    private static final long DATA = MockElf.DATA_ADDRESS;

    @TempDir private Path rootfs;
    @TempDir private Path images;
    private MockRun run;
    private MockProgram pausing;
    private MockProgram exiting;
    private MockProgram stopping;
    private MockProgram leading;
    private MockProgram sleeping;
    private MockProgram lending;
    private final HostKernel host = new JnaHostKernel();
    private final CountDownLatch ready = new CountDownLatch(1);

    @BeforeEach
    void prepare() {
        run = new MockRun(rootfs);
        pausing = run.program("pausing", guest -> guest.syscall(PAUSE));
        exiting = run.program("exiting", child -> child.exit(3));
        stopping =
                run.program(
                        "stopping", child -> child.syscall(KILL, child.syscall(GETPID), SIGSTOP));
        leading =
                run.program(
                        "leading",
                        child -> {
                            child.syscall(SETSID);
                            child.syscall(PAUSE);
                        });
        sleeping =
                run.program(
                        "sleeping",
                        thread -> {
                            thread.storeLong(DATA + 1024, 1000);
                            thread.syscall(NANOSLEEP, DATA + 1024, 0);
                        });
        lending = run.program("lending", child -> child.fork(pausing, VFORK));
    }

    private Path image(String name) {
        return images.resolve(name);
    }

    /**
     * Runs the code until it says that it is ready, and all tasks sleep: one that is stopped amid
     * Java code cannot go on after a restore.
     */
    private Sandbox started(GuestCode code) throws IOException, InterruptedException {
        Sandbox sandbox = run.sandbox(code);
        sandbox.start();
        assertTrue(ready.await(20, TimeUnit.SECONDS), () -> String.join("\n", run.trace()));
        while (isAnyoneRunning(sandbox)) {
            Thread.sleep(5);
        }
        return sandbox;
    }

    private static boolean isAnyoneRunning(Sandbox sandbox) {
        return new KernelProcesses(sandbox.kernel())
                .all().stream()
                        .flatMap(process -> process.threads().stream())
                        .anyMatch(thread -> thread.state() == ThreadView.State.RUNNING);
    }

    private static CheckpointSpec ending(Path image) {
        return new CheckpointSpec(image, false, Compression.NONE);
    }

    private static CheckpointSpec goingOn(Path image) {
        return new CheckpointSpec(image, true, Compression.NONE);
    }

    private static void handle(Guest guest, int signal, MockProgram handler) {
        guest.storeLong(DATA, guest.addressOf(handler));
        guest.storeLong(DATA + 8, SA_RESTORER);
        guest.storeLong(DATA + 16, guest.addressOf(handler));
        guest.storeLong(DATA + 24, 0);
        assertEquals(0, guest.syscall(RT_SIGACTION, signal, DATA, 0, 8));
    }

    @Test
    void aHandlerFindsWhatTheProgramLeft() throws Exception {
        List<Long> found = Collections.synchronizedList(new ArrayList<>());
        MockProgram handler =
                run.program(
                        "handler",
                        guest -> {
                            found.add(guest.registers().rdi());
                            found.add(guest.loadLong(DATA + 64));
                            found.add(guest.syscall(GETPID));
                            found.add(guest.syscall(0, 0, DATA + 128, 8));
                            found.add(guest.loadLong(DATA + 128));
                            guest.exit(9);
                        });
        Sandbox original =
                started(guest -> {
                    handle(guest, SIGUSR1, handler);
                    guest.storeLong(DATA + 64, 42);
                    guest.syscall(EVENTFD2, 5, 0);
                    ready.countDown();
                    guest.syscall(PAUSE);
                    guest.exit(1);
                });
        try (original) {
            original.checkpoint(ending(image("one")));
            assertEquals(killed(), original.awaitExit());
        }
        try (Sandbox restored = run.restore(image("one"))) {
            restored.start();
            restored.signal(Signal.of(SIGUSR1));
            assertEquals(new ExitStatus.Exited(9), restored.awaitExit());
        }
        assertEquals(List.of((long) SIGUSR1, 42L, 1L, 8L, 5L), found);
    }

    private static ExitStatus killed() {
        return new ExitStatus.Killed(Signal.SIGKILL, false);
    }

    @Test
    void clocksAndTimersGoOnWhereTheyStopped() throws Exception {
        List<Long> times = Collections.synchronizedList(new ArrayList<>());
        MockProgram handler =
                run.program(
                        "handler",
                        guest -> {
                            times.add(monotonic(guest));
                            guest.syscall(GETITIMER, 0, DATA + 512);
                            times.add(guest.loadLong(DATA + 528));
                            guest.exit(0);
                        });
        Sandbox original =
                started(guest -> {
                    handle(guest, SIGUSR1, handler);
                    guest.storeLong(DATA + 528, 1000);
                    guest.syscall(SETITIMER, 0, DATA + 512, 0);
                    times.add(monotonic(guest));
                    ready.countDown();
                    guest.syscall(PAUSE);
                });
        try (original) {
            original.checkpoint(ending(image("one")));
        }
        Thread.sleep(3000);
        try (Sandbox restored = run.restore(image("one"))) {
            restored.start();
            restored.signal(Signal.of(SIGUSR1));
            restored.awaitExit();
        }
        long passed = times.get(1) - times.get(0);
        assertTrue(passed >= 0 && passed < 2_500_000_000L, times::toString);
        assertTrue(times.get(2) >= 997, times::toString);
    }

    private static long monotonic(Guest guest) {
        guest.syscall(CLOCK_GETTIME, 1, DATA + 256);
        return guest.loadLong(DATA + 256) * 1_000_000_000L + guest.loadLong(DATA + 264);
    }

    @Test
    void whatIsSavedAfterARestoreIsWhatWasSavedBefore() throws Exception {
        try (Sandbox original = started(this::makeMuchState)) {
            original.checkpoint(ending(image("one")));
        }
        try (Sandbox restored = run.restore(image("one"))) {
            restored.start();
            restored.checkpoint(goingOn(image("two")));
            restored.checkpoint(ending(image("three")));
        }
        assertEquals(comparable(image("one")), comparable(image("two")));
        assertEquals(comparable(image("one")), comparable(image("three")));
    }

    private void makeMuchState(Guest guest) {
        handle(guest, SIGUSR1, pausing);
        guest.storeLong(DATA, 1L << (SIGUSR2 - 1));
        guest.syscall(RT_SIGPROCMASK, 0, DATA, 0, 8);
        guest.syscall(KILL, 1, SIGUSR2);
        guest.storeLong(DATA, DATA + 8192);
        guest.storeLong(DATA + 8, 0);
        guest.storeLong(DATA + 16, 8192);
        guest.syscall(SIGALTSTACK, DATA, 0);
        guest.storeString(DATA, "renamed");
        guest.syscall(PRCTL, PR_SET_NAME, DATA);
        guest.storeLong(DATA, 77);
        guest.storeLong(DATA + 8, 99);
        guest.syscall(SETRLIMIT, 7, DATA);
        guest.syscall(TIMER_CREATE, 1, 0, DATA);
        guest.storeLong(DATA + 32, 0);
        guest.storeLong(DATA + 40, 0);
        guest.storeLong(DATA + 48, 5000);
        guest.storeLong(DATA + 56, 0);
        guest.syscall(TIMER_SETTIME, 0, 0, DATA + 32, 0);
        guest.syscall(EVENTFD2, 5, 0);
        guest.fork(leading, FORK);
        guest.syscall(SETPGID, guest.fork(pausing, FORK), 0);
        long stopped = guest.fork(stopping, FORK);
        // WUNTRACED, and WNOWAIT is not there: the parent is told of the stop.
        assertEquals(stopped, guest.syscall(WAIT4, stopped, DATA, 2, 0));
        long zombie = guest.fork(exiting, FORK);
        // WEXITED | WNOWAIT: it stays.
        assertEquals(0, guest.syscall(247, 1, zombie, DATA, 0x01000004, 0));
        guest.fork(lending, FORK);
        assertTrue(guest.fork(sleeping, CLONE, THREAD_FLAGS, DATA + 4096) > 0);
        ready.countDown();
        guest.syscall(PAUSE);
    }

    /** What is saved of tasks, but for what differs each time. */
    private static List<ObjectState> comparable(Path directory) throws IOException {
        Set<KindCase> kinds =
                EnumSet.of(
                        KindCase.TASK,
                        KindCase.PROCESS,
                        KindCase.FD_TABLE,
                        KindCase.FS_CONTEXT,
                        KindCase.SIGNAL_ACTIONS,
                        KindCase.VFORK_WAIT,
                        KindCase.EVENT_COUNTER);
        List<ObjectState> objects = new ArrayList<>();
        try (Image image = Image.open(directory);
                InputStream in = image.kernelState()) {
            KernelState kernel = KernelState.parseDelimitedFrom(in);
            assertTrue(kernel.getMonotonicNanos() > kernel.getBootMonotonicNanos());
            ObjectState object = ObjectState.parseDelimitedFrom(in);
            while (object != null) {
                if (kinds.contains(object.getKindCase())) {
                    objects.add(withoutUsage(object));
                }
                object = ObjectState.parseDelimitedFrom(in);
            }
        }
        assertFalse(objects.isEmpty());
        return objects;
    }

    private static ObjectState withoutUsage(ObjectState object) {
        ObjectState.Builder builder = object.toBuilder();
        if (object.hasTask()) {
            TaskState.Builder task = object.getTask().toBuilder();
            // A call that had a limit of time goes on as another one, which has it already.
            byte[] registers = task.getRegisters().toByteArray();
            Arrays.fill(registers, ORIG_RAX, ORIG_RAX + Long.BYTES, (byte) 0);
            task.setRegisters(ByteString.copyFrom(registers));
            builder.setTask(task.clearUserNanos().clearSystemNanos().clearResumedCall());
        }
        if (object.hasProcess()) {
            ProcessState.Builder process = object.getProcess().toBuilder();
            builder.setProcess(process.clearUsage().clearChildUsage());
        }
        return builder.build();
    }

    @Test
    void twoSandboxesOfOneImageLiveSideBySide() throws Exception {
        try (Sandbox original = started(this::waitToBeTold)) {
            original.checkpoint(goingOn(image("one")));
            try (Sandbox first = run.restore(image("one"));
                    Sandbox second = run.restore(image("one"))) {
                first.start();
                second.start();
                for (Sandbox each : List.of(original, second, first)) {
                    each.signal(Signal.SIGTERM);
                    assertEquals(
                            new ExitStatus.Killed(Signal.SIGTERM, false),
                            each.awaitExit(),
                            () -> String.join("\n", run.trace()));
                }
            }
        }
    }

    @Test
    void theWorldGoesOnWhileFilesAndSharedMemoryAreWritten() throws Exception {
        int pages = 300;
        CountDownLatch written = new CountDownLatch(1);
        MockProgram changing =
                run.program(
                        "changing",
                        guest -> {
                            fill(guest, pages, 2);
                            written.countDown();
                            guest.syscall(PAUSE);
                        });
        List<Long> found = Collections.synchronizedList(new ArrayList<>());
        MockProgram looking =
                run.program(
                        "looking",
                        guest -> {
                            for (int i = 0; i < pages; i++) {
                                found.add(guest.loadLong(guest.loadLong(DATA + 64) + i * 4096L));
                                guest.syscall(PREAD, 0, DATA + 128, 8, i * 4096L);
                                found.add(guest.loadLong(DATA + 128));
                            }
                            guest.exit(9);
                        });
        Sandbox original =
                started(guest -> {
                    handle(guest, SIGUSR1, changing);
                    handle(guest, SIGUSR2, looking);
                    guest.storeString(DATA, "/file");
                    assertEquals(0, guest.syscall(OPEN, DATA, O_RDWR_CREAT, 0600));
                    // MAP_SHARED | MAP_ANONYMOUS, for reading and writing.
                    guest.storeLong(
                            DATA + 64, guest.syscall(MMAP, 0, pages * 4096L, 3, 0x21, -1, 0));
                    fill(guest, pages, 1);
                    ready.countDown();
                    guest.syscall(PAUSE);
                });
        try (original) {
            List<Boolean> goesOn = new ArrayList<>();
            original.checkpoint(
                    new CheckpointSpec(
                            image("one"),
                            true,
                            Compression.NONE,
                            bytes -> {
                                if (goesOn.isEmpty()) {
                                    original.signal(Signal.of(SIGUSR1));
                                    goesOn.add(isDone(written));
                                }
                            }));
            assertEquals(List.of(true), goesOn);
        }
        try (Sandbox restored = run.restore(image("one"))) {
            restored.start();
            restored.signal(Signal.of(SIGUSR2));
            assertEquals(new ExitStatus.Exited(9), restored.awaitExit());
        }
        assertEquals(2 * pages, found.size());
        assertEquals(Set.of(1L), new TreeSet<>(found));
    }

    private static boolean isDone(CountDownLatch latch) {
        try {
            return latch.await(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            throw new IllegalStateException("interrupted", e);
        }
    }

    /** Writes a number to each page of the memory that is shared, and of the file. */
    private static void fill(Guest guest, int pages, long value) {
        long shared = guest.loadLong(DATA + 64);
        for (int i = 0; i < pages; i++) {
            guest.storeLong(shared + i * 4096L, value);
            guest.storeLong(DATA + 128, value);
            assertEquals(8, guest.syscall(PWRITE, 0, DATA + 128, 8, i * 4096L));
        }
    }

    private void waitToBeTold(Guest guest) {
        // The first process takes no signal that it has no handler for or that does not kill.
        ready.countDown();
        guest.syscall(PAUSE);
    }

    @Test
    void aRestoredSandboxThatIsNotStartedGivesAllBack() throws Exception {
        try (Sandbox original = started(this::makeMuchState)) {
            original.checkpoint(ending(image("one")));
        }
        LeakCheck before = LeakCheck.now();
        run.restore(image("one")).close();
        before.assertNothingNew();
    }

    @Test
    void aRestoreThatFindsNoRoomForATaskFailsAndGivesAllBack() throws Exception {
        try (Sandbox original = started(this::makeMuchState)) {
            original.checkpoint(ending(image("one")));
        }
        LeakCheck before = LeakCheck.now();
        try (Sandbox restored = run.restore(image("one"))) {
            run.platforms().refuseContexts(Optional.of(Errno.EAGAIN));
            assertCode(ErrorCode.HOST_EXHAUSTED, restored::start);
        }
        run.platforms().refuseContexts(Optional.empty());
        run.platforms().refuseAddressSpaces(Optional.of(Errno.EMFILE));
        assertCode(ErrorCode.HOST_EXHAUSTED, () -> run.restore(image("one")));
        run.platforms().refuseAddressSpaces(Optional.empty());
        before.assertNothingNew();
        run.restore(image("one")).close();
    }

    @Test
    void aSandboxThatDoesNotRunCannotBeCheckpointed() throws Exception {
        try (Sandbox sandbox = run.sandbox(guest -> guest.exit(0))) {
            assertCode(ErrorCode.SANDBOX_STOPPED, () -> sandbox.checkpoint(ending(image("one"))));
            sandbox.start();
            sandbox.awaitExit();
            assertCode(ErrorCode.SANDBOX_STOPPED, () -> sandbox.checkpoint(ending(image("one"))));
        }
        assertFalse(Files.exists(image("one")));
    }

    @Test
    void aSandboxThatIsBeingClosedIsNotCheckpointed() throws Exception {
        Sandbox sandbox = started(this::waitToBeTold);
        SlowPlatforms slow = new SlowPlatforms(new CountDownLatch(1), new CountDownLatch(1));
        // Closing waits for the swap, and by then for no image.
        Thread swap =
                Thread.ofPlatform()
                        .start(() ->
                                assertThrows(SandboxException.class, () -> sandbox.swap(slow)));
        slow.begun().await();
        Thread closing = Thread.ofPlatform().start(sandbox::close);
        try {
            long deadline = System.nanoTime() + 10_000_000_000L;
            ErrorCode code = ErrorCode.SANDBOX_BUSY;
            while (code == ErrorCode.SANDBOX_BUSY && System.nanoTime() < deadline) {
                code =
                        assertThrows(
                                        SandboxException.class,
                                        () -> sandbox.checkpoint(goingOn(image("one"))))
                                .code();
            }
            assertEquals(ErrorCode.SANDBOX_STOPPED, code);
        } finally {
            slow.gate().countDown();
            swap.join();
            closing.join();
        }
        assertCode(ErrorCode.SANDBOX_STOPPED, sandbox::resume);
        assertCode(ErrorCode.SANDBOX_STOPPED, () -> sandbox.checkpoint(ending(image("one"))));
        assertFalse(Files.exists(image("one")));
    }

    /** Tries to make a platform until a gate is opened, and fails. */
    private record SlowPlatforms(CountDownLatch begun, CountDownLatch gate)
            implements PlatformFactory {
        @Override
        public String name() {
            return "slow";
        }

        @Override
        public String description() {
            return "takes its time";
        }

        @Override
        public List<DeviceDeclaration> devices() {
            return List.of();
        }

        @Override
        public Availability availability(HostKernel host) {
            return Availability.usable();
        }

        @Override
        public Platform create(PlatformContext context) {
            begun.countDown();
            try {
                gate.await();
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            throw new HostCallException("slow", Errno.ENOMEM);
        }
    }

    @Test
    void anImageIsNotWrittenOverSomethingAndTheSandboxGoesOn() throws Exception {
        Files.createDirectory(image("one"));
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            assertCode(ErrorCode.IMAGE_EXISTS, () -> sandbox.checkpoint(ending(image("one"))));
            assertCode(
                    ErrorCode.IMAGE_UNWRITABLE,
                    () -> sandbox.checkpoint(ending(image("none").resolve("below"))));
            sandbox.signal(Signal.SIGTERM);
            assertEquals(new ExitStatus.Killed(Signal.SIGTERM, false), sandbox.awaitExit());
        }
        try (var files = Files.list(images)) {
            assertEquals(List.of(image("one")), files.toList());
        }
    }

    @Test
    void oneImageIsWrittenAtATime() throws Exception {
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            List<ErrorCode> refused = new ArrayList<>();
            sandbox.checkpoint(
                    new CheckpointSpec(
                            image("one"),
                            true,
                            Compression.NONE,
                            bytes -> {
                                SandboxException e =
                                        assertThrowsElsewhere(
                                                () -> sandbox.checkpoint(goingOn(image("two"))));
                                refused.add(e.code());
                            }));
            assertFalse(refused.isEmpty());
            assertEquals(Set.of(ErrorCode.SANDBOX_BUSY), Set.copyOf(refused));
        }
    }

    /** By another thread: the calling one may come again where it is already. */
    private static SandboxException assertThrowsElsewhere(Runnable action) {
        List<SandboxException> thrown = Collections.synchronizedList(new ArrayList<>());
        Thread thread =
                Thread.ofPlatform()
                        .start(() -> thrown.add(assertThrows(SandboxException.class, action::run)));
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
        return thrown.getFirst();
    }

    @Test
    void aDescriptorThatTheRestoreLacksIsNamed() throws Exception {
        run.stdio(1, openNull());
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            sandbox.checkpoint(ending(image("one")));
        }
        SandboxException e =
                assertCode(ErrorCode.IMAGE_ROLE_MISSING, () -> run.restore(image("one")));
        assertTrue(e.getMessage().contains(FdRole.STDOUT.name()), e.getMessage());
        assertFalse(e.remedy().isEmpty());
    }

    @Test
    void aRestoreTellsHowFarItHasComeBeforeTheProgramsRun() throws Exception {
        try (Sandbox sandbox = started(this::makeMuchState)) {
            sandbox.checkpoint(ending(image("one")));
        }
        long length = Image.inventoryOf(image("one")).files().kernel().bytes();
        List<Long> done = new ArrayList<>();
        RestoreSpec spec =
                RestoreSpec.of(image("one"))
                        .withProgress((doneBytes, totalBytes) -> {
                            assertEquals(length, totalBytes);
                            done.add(doneBytes);
                        });
        try (Sandbox restored = run.restore(spec, run.platforms())) {
            int before = done.size();
            assertEquals(done.stream().sorted().toList(), done);
            assertEquals(length, done.getLast());
            assertTrue(
                    done.stream().filter(at -> at > length / 4 && at < length).count() > 10,
                    done::toString);
            restored.start();
            assertEquals(before, done.size());
            while (restored.usage().unreadImageBytes() > 0) {
                Thread.sleep(5);
            }
        }
    }

    @Test
    void anImageTellsWhatTheSandboxBeganWith() throws Exception {
        run.arguments("with", "words");
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            sandbox.checkpoint(ending(image("one")));
        }
        try (Sandbox restored = run.restore(image("one"))) {
            restored.start();
            restored.checkpoint(ending(image("two")));
        }
        for (String name : List.of("one", "two")) {
            Inventory inventory = Image.inventoryOf(image(name));
            assertEquals(List.of("/main", "with", "words"), inventory.program());
            assertEquals(Optional.of(real(rootfs)), inventory.rootfs());
        }
    }

    @Test
    void aDirectoryOfTheHostIsChangedOnlyIfTheRestoreNamesIt() throws Exception {
        Path shared = Files.createDirectory(images.resolve("shared"));
        Path link = Files.createSymbolicLink(images.resolve("link"), shared);
        Files.createDirectory(rootfs.resolve("mnt"));
        run.mount(new HostMount(link, "/mnt", true));
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            sandbox.checkpoint(ending(image("one")));
        }
        try (Image image = Image.open(image("one"))) {
            assertEquals(
                    Set.of(
                            new SharedDirectory(real(rootfs), "/", false),
                            new SharedDirectory(real(shared), "/mnt", true)),
                    Set.copyOf(image.inventory().directories()));
        }
        SandboxException e =
                assertCode(ErrorCode.IMAGE_MOUNT_MISSING, () -> run.restore(image("one")));
        assertTrue(e.remedy().contains("--mount " + real(shared) + ":/mnt:rw"), e.remedy());
        RestoreSpec spec = RestoreSpec.of(image("one"));
        for (HostMount wrong :
                List.of(
                        new HostMount(shared, "/mnt", false),
                        new HostMount(shared, "/other", true),
                        new HostMount(images, "/mnt", true),
                        new HostMount(rootfs, "/", true),
                        new HostMount(images.resolve("none"), "/mnt", true))) {
            assertCode(
                    ErrorCode.MOUNT_UNUSABLE,
                    () -> run.restore(spec.withMount(wrong), run.platforms()));
        }
        run.restore(spec.withMount(new HostMount(link, "/mnt", true)), run.platforms()).close();
    }

    @Test
    void anImageWithoutALivingFirstProcessIsRefused() throws Exception {
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            sandbox.checkpoint(ending(image("one")));
        }
        HostileImage.change(
                image("one"),
                kernel ->
                        kernel.toBuilder()
                                .setTasks(kernel.getTasks().toBuilder().clearTaskRefs())
                                .build(),
                SandboxCheckpointTest::ended);
        SandboxException e = assertCode(ErrorCode.IMAGE_CORRUPT, () -> run.restore(image("one")));
        assertTrue(e.getMessage().contains("first process"), e::toString);
    }

    private static ObjectState ended(ObjectState object) {
        ObjectState.Builder ended = object.toBuilder();
        if (object.hasTask()) {
            ended.setTask(object.getTask().toBuilder().setEnded(true));
        }
        if (object.hasProcess()) {
            ExitStatusState status = ExitStatusState.newBuilder().setExited(0).build();
            ProcessState process = object.getProcess();
            ended.setProcess(
                    process.toBuilder()
                            .clearTaskRefs()
                            .setExit(status)
                            .setLinks(
                                    process.getLinks().toBuilder()
                                            .setZombie(
                                                    ZombieState.newBuilder().setStatus(status))));
        }
        return ended.build();
    }

    @Test
    void aZombieThatNeverEndedIsRefused() throws Exception {
        try (Sandbox sandbox = started(this::makeMuchState)) {
            sandbox.checkpoint(ending(image("one")));
        }
        HostileImage.change(
                image("one"),
                object ->
                        object.getProcess().getLinks().hasZombie()
                                ? object.toBuilder()
                                        .setProcess(object.getProcess().toBuilder().clearExit())
                                        .build()
                                : object);
        SandboxException e = assertCode(ErrorCode.IMAGE_CORRUPT, () -> run.restore(image("one")));
        assertTrue(e.getMessage().contains("has not ended"), e::toString);
    }

    @Test
    void programsGoOnSeeingTheProcessorThatTheyBeganOn() throws Exception {
        CpuFeatures shown;
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            shown = sandbox.kernel().capabilities().cpu();
            sandbox.checkpoint(ending(image("one")));
        }
        CpuFeatures more =
                new CpuFeatures(
                        shown.hwcap() | 1L << 40,
                        shown.hwcap2() | 1L << 40,
                        shown.xcr0() | 1L << 9,
                        shown.vectorStateBytes() + 64);
        try (Sandbox restored = run.restore(image("one"), run.platformWith(more))) {
            assertEquals(shown, restored.kernel().capabilities().cpu());
            restored.start();
            restored.checkpoint(ending(image("two")));
        }
        CpuFeatures less = new CpuFeatures(0, 0, shown.xcr0(), shown.vectorStateBytes());
        SandboxException e =
                assertCode(
                        ErrorCode.IMAGE_UNSUITABLE,
                        () -> run.restore(image("two"), run.platformWith(less)));
        assertTrue(e.getMessage().contains("of hwcap"), e.getMessage());
        try (Sandbox back = run.restore(image("two"))) {
            back.start();
            back.signal(Signal.SIGTERM);
            assertEquals(new ExitStatus.Killed(Signal.SIGTERM, false), back.awaitExit());
        }
    }

    @Test
    void aPlatformThatLacksAFeatureOfTheOneBeforeIsRefusedByName() throws Exception {
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            sandbox.checkpoint(ending(image("one")));
        }
        PlatformFactory less = run.platformWith(Set.of(PlatformFeature.SHARED_ADDRESS_SPACE));
        SandboxException e =
                assertCode(
                        ErrorCode.IMAGE_UNSUITABLE, () -> run.restore(image("one"), less).close());
        assertTrue(e.getMessage().contains("VECTOR_STATE"), e::getMessage);
        assertTrue(e.remedy().contains("another platform"), e::remedy);
        run.restore(image("one")).close();
    }

    @Test
    void programsGoOnSeeingTheFeaturesThatTheyBeganWith() throws Exception {
        Set<PlatformFeature> shown;
        try (Sandbox sandbox = started(this::waitToBeTold)) {
            shown = sandbox.kernel().capabilities().features();
            sandbox.checkpoint(ending(image("one")));
        }
        Set<PlatformFeature> more = EnumSet.copyOf(shown);
        more.add(PlatformFeature.SINGLE_STEP);
        try (Sandbox restored = run.restore(image("one"), run.platformWith(more))) {
            assertEquals(shown, restored.kernel().capabilities().features());
            restored.start();
            restored.checkpoint(ending(image("two")));
        }
        run.restore(image("two")).close();
    }

    @Test
    void whoRestoresSaysWhatItMayTake() throws Exception {
        try (Sandbox sandbox = started(this::makeMuchState)) {
            sandbox.checkpoint(ending(image("one")));
        }
        long mebibytes = 64L << 20;
        RestoreSpec spec = RestoreSpec.of(image("one"));
        try (Sandbox less = run.restore(limited(spec, mebibytes, 20), run.platforms())) {
            assertEquals(mebibytes, less.kernel().memoryTotal());
            assertEquals(mebibytes, less.kernel().memoryFile().statistics().limitBytes());
            assertEquals(20, less.kernel().processes().limit());
        }
        try (Sandbox most = run.restore(limited(spec, Long.MAX_VALUE, 20), run.platforms())) {
            assertTrue(most.kernel().memoryTotal() <= new HostFacts(host).memoryTotal());
        }
        SandboxException e =
                assertCode(
                        ErrorCode.IMAGE_UNSUITABLE,
                        () -> run.restore(limited(spec, mebibytes, 3), run.platforms()));
        assertTrue(e.remedy().contains("--pids"), e.remedy());
    }

    private static RestoreSpec limited(RestoreSpec spec, long memory, int tasks) {
        return spec.withLimits(
                new RestoreSpec.Limits(OptionalLong.of(memory), OptionalInt.of(tasks)));
    }

    private static String real(Path path) throws IOException {
        return path.toRealPath().toString();
    }

    private HostFd openNull() {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom("/dev/null").address();
            return new HostFd(host, (int) host.require("open", OPEN, path, O_RDWR_CLOEXEC));
        }
    }

    private static SandboxException assertCode(ErrorCode code, Runnable action) {
        SandboxException e = assertThrows(SandboxException.class, action::run);
        assertEquals(code, e.code(), e::toString);
        return e;
    }
}
