package dev.plinth.platform.kvm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.platform.kvm.linux.Fcntl;
import dev.plinth.platform.kvm.linux.Kvm;
import dev.plinth.platform.kvm.linux.KvmCpuid;
import dev.plinth.platform.kvm.linux.KvmMsrs;
import dev.plinth.platform.kvm.linux.KvmRegs;
import dev.plinth.platform.kvm.linux.KvmRun;
import dev.plinth.platform.kvm.linux.KvmSegment;
import dev.plinth.platform.kvm.linux.KvmSregs;
import dev.plinth.platform.kvm.linux.KvmVcpuEvents;
import dev.plinth.platform.kvm.linux.Stat;
import dev.plinth.platform.kvm.linux.SystemCalls;
import dev.plinth.platform.kvm.stub.GuestLayout;

import org.mockito.Mockito;
import org.mockito.invocation.InvocationOnMock;
import org.mockito.stubbing.Answer;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A KVM that does what a test says: the host is real, but for requests to KVM and failures.
 *
 * <p>Its descriptors are real ones, of memory files, so that what is left open can be seen.
 */
final class FakeKvm implements PlatformContext, BackingFile, Answer<Object>, AutoCloseable {
    private static final HostKernel REAL = TestingHost.HOST;
    private static final int VCPU_BYTES = 3 * 4096;

    /** What one KVM_RUN of a guest's vCPU does. */
    interface Run {
        /** Changes the shared memory; the result is that of the call. */
        long on(MemorySegment shared);
    }

    final HostKernel host =
            Mockito.mock(HostKernel.class, Mockito.withSettings().defaultAnswer(this).stubOnly());

    /** What the next runs do; if there is none, the guest makes a system call. */
    final Deque<Run> runs = new ArrayDeque<>();

    /** Answers to requests in place of the usual ones, by request. */
    final Map<Long, Long> answers = new HashMap<>();

    /** Values of capabilities in place of the usual ones. */
    final Map<Integer, Long> capabilities = new HashMap<>();

    /** Answers to system calls in place of the host's, by number. */
    final Map<Long, Long> results = new HashMap<>();

    /** What is opened in place of the device. */
    String devicePath = KvmPlatformFactory.PATH;

    /** Files that cannot be opened. */
    final Map<String, Errno> openErrors = new HashMap<>();

    /** The group that the device is said to belong to, and to be open for. */
    Optional<Integer> deviceGroup = Optional.empty();

    /** Which of the requests to come fails, counted from one; never if zero. */
    int failing;

    /** How many mappings of descriptors to come succeed. */
    int mappings = Integer.MAX_VALUE;

    private final Map<Integer, Integer> vcpus = new HashMap<>();
    private final Map<Integer, MemorySegment> shared = new HashMap<>();
    private final HostFd device;
    private final HostFd file;
    private final HostMemory memory;
    private MemorySegment monitor = MemorySegment.NULL;

    FakeKvm() {
        device = new HostFd(REAL, memoryFile(4096));
        file = new HostFd(REAL, memoryFile(1 << 20));
        memory = REAL.map(file, 0, 1 << 20, AccessType.READ_WRITE);
    }

    private static int memoryFile(long bytes) {
        try (Arena arena = Arena.ofConfined()) {
            long number =
                    REAL.require(
                            "memfd_create",
                            SystemCalls.MEMFD_CREATE,
                            arena.allocateFrom("fake-kvm").address(),
                            Fcntl.MFD_CLOEXEC);
            REAL.require("ftruncate", SystemCalls.FTRUNCATE, number, bytes);
            return (int) number;
        }
    }

    @Override
    public Object answer(InvocationOnMock invocation) throws Throwable {
        if (invocation.getMethod().isDefault()) {
            return invocation.callRealMethod();
        }
        Object[] arguments = invocation.getArguments();
        return switch (invocation.getMethod().getName()) {
            case "syscall" -> syscall(arguments);
            case "map" -> map((HostFd) arguments[0], arguments);
            case "installNoOpHandler" -> {
                REAL.installNoOpHandler((Signal) arguments[0]);
                yield null;
            }
            case "toString" -> "fake host";
            default -> throw new UnsupportedOperationException(invocation.toString());
        };
    }

    private HostMemory map(HostFd mapped, Object[] arguments) {
        if (mappings-- <= 0) {
            throw new dev.plinth.api.host.HostCallException("mmap", Errno.ENOMEM);
        }
        HostMemory view =
                REAL.map(mapped, (long) arguments[1], (long) arguments[2], AccessType.READ_WRITE);
        if (vcpus.containsKey(mapped.number())) {
            shared.put(mapped.number(), view.segment());
        } else {
            monitor = view.segment();
        }
        return view;
    }

    private long syscall(Object[] a) {
        long number = (long) a[0];
        if (results.containsKey(number)) {
            return results.get(number);
        }
        if (number == SystemCalls.OPENAT) {
            return open(at((long) a[2], 4096).getString(0), (long) a[3]);
        }
        if (number == SystemCalls.NEWFSTATAT && deviceGroup.isPresent()) {
            MemorySegment stat = at((long) a[3], Stat.BYTES);
            stat.set(JAVA_INT, Stat.ST_MODE, 020660);
            stat.set(JAVA_INT, Stat.ST_GID, deviceGroup.get());
            return 0;
        }
        if (number != SystemCalls.IOCTL) {
            return REAL.syscall(
                    number,
                    (long) a[1],
                    (long) a[2],
                    (long) a[3],
                    (long) a[4],
                    (long) a[5],
                    (long) a[6]);
        }
        long request = (long) a[2];
        if (failing > 0 && --failing == 0) {
            return -Errno.ENOMEM.number();
        }
        if (answers.containsKey(request)) {
            return answers.get(request);
        }
        return request((int) (long) a[1], request, (long) a[3]);
    }

    private long open(String path, long flags) {
        if (openErrors.containsKey(path)) {
            return -openErrors.get(path).number();
        }
        String actual = path.equals(KvmPlatformFactory.PATH) ? devicePath : path;
        return HostFiles.open(REAL, actual, (int) flags);
    }

    private long request(int descriptor, long request, long argument) {
        if (request == Kvm.KVM_GET_API_VERSION) {
            return Kvm.KVM_API_VERSION;
        } else if (request == Kvm.KVM_CHECK_EXTENSION) {
            return capabilities.getOrDefault(
                    (int) argument, argument == Kvm.KVM_CAP_MAX_VCPUS ? 9L : 7L);
        } else if (request == Kvm.KVM_GET_VCPU_MMAP_SIZE) {
            return VCPU_BYTES;
        } else if (request == Kvm.KVM_CREATE_VM) {
            vcpus.clear();
            shared.clear();
            return memoryFile(4096);
        } else if (request == Kvm.KVM_CREATE_VCPU) {
            if (vcpus.containsValue((int) argument)) {
                return -Errno.EEXIST.number();
            }
            int created = memoryFile(VCPU_BYTES);
            vcpus.put(created, (int) argument);
            return created;
        } else if (request == Kvm.KVM_GET_SUPPORTED_CPUID) {
            at(argument, KvmCpuid.ENTRIES).set(JAVA_INT, KvmCpuid.NENT, 0);
        } else if (request == Kvm.KVM_SET_MSRS) {
            return at(argument, KvmMsrs.ENTRIES).get(JAVA_INT, KvmMsrs.NMSRS);
        } else if (request == Kvm.KVM_RUN) {
            return run(descriptor);
        }
        return 0;
    }

    private static MemorySegment at(long address, long bytes) {
        return MemorySegment.ofAddress(address).reinterpret(bytes);
    }

    private long run(int descriptor) {
        MemorySegment run = shared.get(descriptor);
        run.set(JAVA_INT, KvmRun.KVM_DIRTY_REGS, 0);
        if (vcpus.get(descriptor) == RingZero.ID) {
            return runRingZero(run);
        }
        Run next = runs.poll();
        return next == null ? systemCall(7).on(run) : next.on(run);
    }

    private long runRingZero(MemorySegment run) {
        long rip = run.get(JAVA_LONG, KvmRun.REGS + KvmRegs.RIP);
        if (rip == GuestLayout.virtual(GuestLayout.TABLE_WRITER)) {
            long count = run.get(JAVA_LONG, KvmRun.REGS + KvmRegs.RCX);
            for (long i = 0; i < count; i++) {
                long order = GuestLayout.WRITE_ORDERS + i * 24;
                monitor.set(
                        JAVA_LONG,
                        monitor.get(JAVA_LONG, order) - GuestLayout.MONITOR_BASE,
                        monitor.get(JAVA_LONG, order + 8));
            }
        }
        run.set(JAVA_LONG, KvmRun.REGS + KvmRegs.RIP, rip + 3);
        run.set(JAVA_INT, KvmRun.EXIT_REASON, Kvm.KVM_EXIT_HLT);
        return 0;
    }

    /** The guest makes a system call, as on an ordinary processor. */
    static Run systemCall(long number) {
        return run -> {
            register(run, KvmRegs.RAX, number);
            register(run, KvmRegs.RCX, 0x1002);
            register(run, KvmRegs.R11, 0x246);
            return halt(run, GuestLayout.SYSCALL_ENTRY + 1);
        };
    }

    /** Ring 0 halts. */
    static Run haltAt(long guestPhysical) {
        return run -> halt(run, guestPhysical);
    }

    private static long halt(MemorySegment run, long guestPhysical) {
        level(run, 0);
        register(run, KvmRegs.RIP, GuestLayout.virtual(guestPhysical));
        run.set(JAVA_INT, KvmRun.EXIT_REASON, Kvm.KVM_EXIT_HLT);
        return 0;
    }

    /** The exit has a reason that nobody expects. */
    static Run exit(int reason) {
        return run -> {
            run.set(JAVA_INT, KvmRun.EXIT_REASON, reason);
            return 0;
        };
    }

    /** The call fails. */
    static Run fail(Errno errno) {
        return run -> -errno.number();
    }

    /** A signal comes before the guest executes anything. */
    static Run interruptedAtOnce() {
        return run -> {
            run.set(JAVA_INT, KvmRun.EXIT_REASON, Kvm.KVM_EXIT_INTR);
            return -Errno.EINTR.number();
        };
    }

    /** A signal comes while ring 0 is somewhere. */
    static Run interruptedInRing0(long guestPhysical) {
        return run -> {
            halt(run, guestPhysical);
            return -Errno.EINTR.number();
        };
    }

    /** A signal comes while the guest executes. */
    static Run interruptedInRing3(long rip, long flags) {
        return run -> {
            level(run, 3);
            register(run, KvmRegs.RIP, rip);
            register(run, KvmRegs.RFLAGS, flags);
            register(run, KvmRegs.RSP, 0x7000);
            register(run, KvmRegs.RAX, 5);
            register(run, KvmRegs.RCX, 0x1002);
            register(run, KvmRegs.R11, 0x246);
            return -Errno.EINTR.number();
        };
    }

    /** As another run, but an exception is on its way. */
    static Run withException(Run other, int vector, int errorCode) {
        return run -> {
            run.set(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_INJECTED, (byte) 1);
            run.set(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_NR, (byte) vector);
            run.set(JAVA_BYTE, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_HAS_ERROR_CODE, (byte) 1);
            run.set(JAVA_INT, KvmRun.EVENTS + KvmVcpuEvents.EXCEPTION_ERROR_CODE, errorCode);
            return other.on(run);
        };
    }

    private static void register(MemorySegment run, int offset, long value) {
        run.set(JAVA_LONG, KvmRun.REGS + offset, value);
    }

    private static void level(MemorySegment run, int privilege) {
        run.set(
                JAVA_SHORT,
                KvmRun.SREGS + KvmSregs.CS + KvmSegment.SELECTOR,
                (short) (0x30 | privilege));
    }

    /** The monitor's memory. */
    MemorySegment monitor() {
        return monitor;
    }

    @Override
    public HostKernel host() {
        return host;
    }

    @Override
    public Optional<HostFd> device(FdRole role) {
        return Optional.of(device);
    }

    @Override
    public List<BackingFile> backingFiles() {
        return List.of(this);
    }

    @Override
    public HostFd file() {
        return file;
    }

    @Override
    public MemorySegment view() {
        return memory.segment();
    }

    @Override
    public void close() {
        memory.close();
        file.close();
        device.close();
    }
}
