package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.eventfd.EventCounter;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.fd.HostFiles;
import dev.plinth.kernel.fs.devfs.DeviceFiles;
import dev.plinth.kernel.fs.devfs.Devices;
import dev.plinth.kernel.fs.hostfs.HostFs;
import dev.plinth.kernel.fs.hostfs.RestorePolicy;
import dev.plinth.kernel.fs.overlay.OverlayFs;
import dev.plinth.kernel.fs.pipefs.PipeFs;
import dev.plinth.kernel.fs.procfs.ProcFs;
import dev.plinth.kernel.fs.procfs.ProcessView;
import dev.plinth.kernel.fs.pseudofs.PseudoFile;
import dev.plinth.kernel.fs.sysfs.SysFs;
import dev.plinth.kernel.fs.tmpfs.MemoryFiles;
import dev.plinth.kernel.fs.tmpfs.TmpFs;
import dev.plinth.kernel.fs.tmpfs.TmpfsOptions;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.net.UnixSockets;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.SingleFileSystemState;
import dev.plinth.kernel.state.proto.VfsSubsystemState;
import dev.plinth.kernel.task.InternalFileSystems;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.AnonInodeFs;
import dev.plinth.kernel.vfs.AnonymousFs;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceNumber;
import dev.plinth.kernel.vfs.DeviceRegistry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.FileSystem;
import dev.plinth.kernel.vfs.FileType;
import dev.plinth.kernel.vfs.FsContext;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.MountTree;
import dev.plinth.kernel.vfs.NewNode;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.Vfs;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The files of a sandbox: a directory of the host below, never changed, with memory above it; over
 * that /dev, /proc, /sys and what the user mounts.
 */
final class RootFileSystem {
    private static final int STDIO_LIMIT = 3;

    /** How the roles begin that programs from outside have their stdio by. */
    private static final String EXEC_ROLE = "exec/";

    private static final Pattern EXEC_ROLE_FORM = Pattern.compile(EXEC_ROLE + "(\\d{1,18})/\\d+");

    private static final NewNode DIRECTORY = new NewNode(0755, 0, 0);
    private static final NewNode SHARED_DIRECTORY = new NewNode(01777, 0, 0);

    private final HostKernel host;
    private final MemoryFile memoryFile;
    private final Clock clock;
    private final SandboxResources resources;
    private final InodeNumbers numbers;
    private final Vfs vfs;
    private final MountTree mounts;
    private final HostFiles hostFiles;
    private final InternalFileSystems internal;

    /** Whoever sets the tree up may do everything. */
    private final Caller builder;

    /** Which process from outside comes next. */
    private final AtomicLong nextExec = new AtomicLong(1);

    /** Those of which there is one, by type. */
    private final Map<String, FileSystem> singles = new TreeMap<>();

    /** What /proc and /sys show; empty until there is a kernel. */
    private Optional<SandboxView> view = Optional.empty();

    /** The number of the boot that was saved; empty for one of its own. */
    private final Optional<String> savedBootId;

    private RootFileSystem(
            Path rootfs,
            HostKernel host,
            MemoryFile memoryFile,
            Clock clock,
            Consumer<MemorySegment> random,
            SandboxResources resources) {
        this.host = requireNonNull(host, "host is null");
        this.memoryFile = requireNonNull(memoryFile, "memoryFile is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.resources = requireNonNull(resources, "resources is null");
        numbers = new InodeNumbers();
        savedBootId = Optional.empty();
        hostFiles = new HostFiles(host, numbers);
        internal =
                new InternalFileSystems(
                        new PipeFs(numbers, clock),
                        new UnixSockets(numbers, clock),
                        new MemoryFiles(memory("tmpfs", DIRECTORY)),
                        new AnonInodeFs(numbers, clock.realtime()));
        vfs = new Vfs(devices(random), clock);
        mounts = new MountTree("overlay", rootLayers(rootfs), Mount.Options.READ_WRITE);
        resources.own(mounts::close);
        registerTypes();
        builder = builder();
    }

    /** The files that were saved. */
    private RootFileSystem(
            StateReader reader,
            Restorers restorers,
            HostKernel host,
            MemoryFile memoryFile,
            Clock clock,
            Consumer<MemorySegment> random,
            SandboxResources resources) {
        this.host = requireNonNull(host, "host is null");
        this.memoryFile = requireNonNull(memoryFile, "memoryFile is null");
        this.clock = requireNonNull(clock, "clock is null");
        this.resources = requireNonNull(resources, "resources is null");
        ProcFs.restoring(restorers, this::requireView, this::own);
        SysFs.restoring(restorers, this::requireView, this::own);
        VfsSubsystemState state = reader.kernel().getFiles();
        savedBootId = Optional.of(state.getBootId());
        numbers = InodeNumbers.of(reader);
        hostFiles = reader.get(state.getHostFilesRef(), HostFiles.class);
        internal = InternalFileSystems.restore(reader.kernel().getIpc(), reader);
        vfs = new Vfs(devices(random), clock);
        mounts = reader.get(state.getMountTreeRef(), MountTree.class);
        resources.own(mounts::close);
        registerTypes();
        for (SingleFileSystemState single : state.getSinglesList()) {
            addSingle(single.getType(), reader.get(single.getFileSystemRef(), FileSystem.class));
        }
        builder = builder();
    }

    private void own(FileSystem fileSystem) {
        resources.own(fileSystem::close);
    }

    private SandboxView requireView() {
        return view.orElseThrow(() -> StateReader.corrupt("a file shows itself too early"));
    }

    private DeviceRegistry devices(Consumer<MemorySegment> random) {
        DeviceRegistry devices = new DeviceRegistry();
        Devices.register(devices, random, caller -> hostFiles.terminalFile(sessionOf(caller)));
        devices.register(FileType.FIFO, DeviceNumber.NONE, internal.pipes()::open);
        return devices;
    }

    /** The session that a caller is in; the first one before there are processes. */
    private int sessionOf(Caller caller) {
        return view.flatMap(shown -> shown.processes().find(caller.processId()))
                .map(ProcessView::session)
                .orElse(Kernel.INIT_PID);
    }

    private Caller builder() {
        return new Caller(
                new FsContext(mounts.root(), mounts.root(), 0),
                Credentials.ofUser(0, 0, List.of()),
                Kernel.INIT_PID,
                Kernel.INIT_PID);
    }

    /**
     * Makes the files again that were saved. What /proc and /sys show, {@link #mountViews} says.
     *
     * @param reader of the whole sandbox
     * @param restorers of that reader; those of files are added
     * @param descriptors those of stdio are taken that are needed
     * @param policy what the image may have of the host
     * @throws SandboxException if a file of the host is missing or has changed, a descriptor is
     *     missing, or the image is damaged
     */
    static RootFileSystem restore(
            StateReader reader,
            Restorers restorers,
            HostKernel host,
            HostFacts facts,
            MemoryFile memoryFile,
            Clock clock,
            DonatedDescriptors descriptors,
            SandboxResources resources,
            RestorePolicy policy) {
        Consumer<FileSystem> owner = fileSystem -> resources.own(fileSystem::close);
        Vfs.restoring(restorers);
        AnonymousFs.restoring(restorers);
        AnonInodeFs.restoring(restorers);
        EventCounter.restoring(restorers);
        PipeFs.restoring(restorers, clock);
        UnixSockets.restoring(restorers, clock);
        TmpFs.restoring(restorers, memoryFile, clock, owner);
        HostFs.restoring(restorers, host, memoryFile, clock, policy, owner);
        OverlayFs.restoring(restorers, owner);
        PseudoFile.restoring(restorers);
        Devices.restoring(restorers, facts.random()::fill);
        HostFiles.restoring(restorers, host, stdioOf(descriptors));
        RootFileSystem files =
                new RootFileSystem(
                        reader,
                        restorers,
                        host,
                        memoryFile,
                        clock,
                        facts.random()::fill,
                        resources);
        files.nextExec.set(firstFreeExec(descriptors.roles()));
        return files;
    }

    /** What is saved of the files: these, and all that they lead to. */
    VfsSubsystemState saveState(StateWriter writer) {
        VfsSubsystemState.Builder state =
                VfsSubsystemState.newBuilder()
                        .setInodeNumbersRef(writer.reference(numbers))
                        .setMountTreeRef(writer.reference(mounts))
                        .setHostFilesRef(writer.reference(hostFiles));
        view.ifPresent(shown -> state.setBootId(shown.bootId()));
        singles.forEach((type, fileSystem) ->
                state.addSingles(
                        SingleFileSystemState.newBuilder()
                                .setType(type)
                                .setFileSystemRef(writer.reference(fileSystem))));
        return state.build();
    }

    /**
     * Mounts everything but /proc and /sys, which need a kernel to show.
     *
     * @throws SandboxException if the root or a mount cannot be used
     */
    static RootFileSystem mount(
            SandboxSpec spec,
            HostKernel host,
            HostFacts facts,
            MemoryFile memoryFile,
            Clock clock,
            SandboxResources resources) {
        RootFileSystem files =
                new RootFileSystem(
                        spec.rootfs(), host, memoryFile, clock, facts.random()::fill, resources);
        Location dev = files.mountOver("/dev", "devtmpfs", files.memory("devtmpfs", DIRECTORY));
        DeviceFiles.make(files.vfs, files.builder, dev);
        files.addSingle("devtmpfs", dev.mount().fileSystem());
        files.mountOver("/dev/shm", "tmpfs", files.memory("tmpfs", SHARED_DIRECTORY));
        spec.mounts().forEach(files::mountHost);
        return files;
    }

    /** What mount(2) makes anew each time; what there is once is registered when it is made. */
    private void registerTypes() {
        long limit = memoryFile.statistics().limitBytes();
        mounts.types()
                .register(
                        "tmpfs",
                        options ->
                                TmpfsOptions.parse(options, limit)
                                        .make(numbers, memoryFile, clock));
    }

    private void addSingle(String type, FileSystem fileSystem) {
        mounts.types().registerSingle(type, fileSystem);
        singles.put(type, fileSystem);
    }

    private FileSystem rootLayers(Path rootfs) {
        FileSystem lower;
        try {
            lower = hostDirectory(rootfs, "/", true);
        } catch (ErrnoException e) {
            throw new SandboxException(
                    ErrorCode.ROOTFS_UNUSABLE,
                    "root file system %s: %s".formatted(rootfs, e.errno().text()),
                    "name a directory with --rootfs DIR",
                    e);
        }
        OverlayFs overlay =
                new OverlayFs(
                        lower, numbers, memoryFile, clock, memoryFile.statistics().limitBytes());
        resources.own(overlay::close);
        return overlay;
    }

    private HostFs hostDirectory(Path directory, String destination, boolean readOnly) {
        HostFs fileSystem =
                new HostFs(
                        host,
                        HostFs.openDirectory(host, directory.toString()),
                        numbers,
                        memoryFile,
                        clock,
                        PathName.of(GuestStrings.encode(destination)),
                        readOnly);
        resources.own(fileSystem::close);
        return fileSystem;
    }

    private TmpFs memory(String type, NewNode root) {
        TmpFs fileSystem =
                new TmpFs(
                        type,
                        numbers,
                        memoryFile,
                        clock,
                        memoryFile.statistics().limitBytes(),
                        root);
        resources.own(fileSystem::close);
        return fileSystem;
    }

    /** Mounts over a directory of the root, which is made in memory if the host has none. */
    private Location mountOver(String directory, String source, FileSystem fileSystem) {
        PathName path = PathName.of(directory);
        try {
            vfs.makeDirectory(builder, mounts.root(), path, DIRECTORY.permissions());
        } catch (ErrnoException e) {
            if (e.errno() != Errno.EEXIST) {
                throw unusable(directory, e);
            }
        }
        try {
            Location location = vfs.resolve(builder, mounts.root(), path, Lookup.FOLLOW);
            return mounts.mount(source, fileSystem, location, Mount.Options.READ_WRITE)
                    .rootLocation();
        } catch (ErrnoException e) {
            throw unusable(directory, e);
        }
    }

    private static SandboxException unusable(String directory, ErrnoException e) {
        return new SandboxException(
                ErrorCode.ROOTFS_UNUSABLE,
                "%s of the root file system: %s".formatted(directory, e.errno().text()),
                "name another root with --rootfs DIR",
                e);
    }

    private void mountHost(SandboxSpec.HostMount mount) {
        String problem = mount.source().toString();
        try {
            HostFs fileSystem =
                    hostDirectory(mount.source(), mount.destination(), !mount.writable());
            problem = mount.destination() + " in the sandbox";
            Location location =
                    vfs.resolve(
                            builder,
                            mounts.root(),
                            PathName.of(GuestStrings.encode(mount.destination())),
                            Lookup.FOLLOW);
            mounts.mount(
                    mount.source().toString(),
                    fileSystem,
                    location,
                    mount.writable() ? Mount.Options.READ_WRITE : Mount.Options.READ_ONLY);
        } catch (ErrnoException e) {
            throw new SandboxException(
                    ErrorCode.MOUNT_UNUSABLE,
                    "mount %s:%s: %s: %s"
                            .formatted(
                                    mount.source(), mount.destination(), problem, e.errno().text()),
                    "name two directories that exist with --mount SRC:DST",
                    e);
        }
    }

    /**
     * Shows the kernel and its processes in /proc, the machine in /sys. They are mounted, unless
     * they were when the files were saved.
     */
    void mountViews(Kernel kernel, HostFacts facts, CheckpointRequests checkpoints) {
        SandboxView shown =
                savedBootId
                        .map(bootId -> new SandboxView(kernel, facts, checkpoints, bootId))
                        .orElseGet(() -> new SandboxView(kernel, facts, checkpoints));
        view = Optional.of(shown);
        if (savedBootId.isPresent()) {
            return;
        }
        ProcFs processes = new ProcFs(numbers, shown);
        resources.own(processes::close);
        mountOver("/proc", "proc", processes);
        addSingle("proc", processes);
        SysFs machine = new SysFs(numbers, Instant.ofEpochSecond(shown.bootTime()), shown);
        resources.own(machine::close);
        mountOver("/sys", "sysfs", machine);
        addSingle("sysfs", machine);
    }

    /** What system calls do with paths. */
    Vfs vfs() {
        return vfs;
    }

    /** The tree of mounts. */
    MountTree mounts() {
        return mounts;
    }

    /** What makes files without a name. */
    InternalFileSystems internal() {
        return internal;
    }

    /** Makes a directory the caller's working directory. */
    void enter(Caller caller, String directory) {
        try {
            Location location =
                    vfs.resolve(
                            caller,
                            caller.fs().root(),
                            PathName.of(GuestStrings.encode(directory)),
                            Lookup.FOLLOW);
            vfs.checkEnter(caller, location);
            caller.fs().setWorkingDirectory(location);
        } catch (ErrnoException e) {
            throw new SandboxException(
                    ErrorCode.CWD_UNUSABLE,
                    "working directory %s: %s".formatted(directory, e.errno().text()),
                    "name a directory of the sandbox with --cwd DIR",
                    e);
        }
    }

    private static Map<FdRole, HostFd> stdioOf(DonatedDescriptors descriptors) {
        Map<FdRole, HostFd> donated = new LinkedHashMap<>();
        for (int number = 0; number < STDIO_LIMIT; number++) {
            FdRole role = FdRole.stdio(number);
            descriptors.find(role).ifPresent(fd -> donated.put(role, fd));
        }
        for (FdRole role : descriptors.roles()) {
            if (isOfExec(role)) {
                donated.put(role, descriptors.find(role).orElseThrow());
            }
        }
        return donated;
    }

    /** The descriptors of the first process: what was donated as stdio, at 0, 1 and 2. */
    FdTable stdio(DonatedDescriptors descriptors) {
        Map<FdRole, FileDescription> stdio = hostFiles.importAll(stdioOf(descriptors));
        FdTable table = new FdTable();
        for (int number = 0; number < STDIO_LIMIT; number++) {
            FileDescription file = stdio.get(FdRole.stdio(number));
            if (file != null) {
                table.replace(number, file, false, STDIO_LIMIT);
            }
        }
        return table;
    }

    /**
     * The descriptors of a process from outside.
     *
     * @param pid of the process
     * @param descriptors by the numbers that the process has for them; taken over
     */
    FdTable stdio(int pid, Map<Integer, HostFd> descriptors) {
        Map<FdRole, HostFd> given = new LinkedHashMap<>();
        long start = nextExec.getAndIncrement();
        descriptors.forEach((number, fd) -> given.put(execRole(start, number), fd));
        Map<FdRole, FileDescription> imported = hostFiles.importAll(given, pid);
        FdTable table = new FdTable();
        for (int number : descriptors.keySet()) {
            table.replace(number, imported.get(execRole(start, number)), false, STDIO_LIMIT);
        }
        return table;
    }

    /**
     * The role of a descriptor of a process from outside.
     *
     * @param start how many came before, here and before a restore: the number of a process comes
     *     again while others still have its descriptors
     */
    private static FdRole execRole(long start, int number) {
        return new FdRole(EXEC_ROLE + start + "/" + number);
    }

    /** The first start that is in no role. */
    static long firstFreeExec(Collection<FdRole> roles) {
        long free = 1;
        for (FdRole role : roles) {
            Matcher matcher = EXEC_ROLE_FORM.matcher(role.name());
            if (matcher.matches()) {
                free = Math.max(free, Long.parseLong(matcher.group(1)) + 1);
            }
        }
        return free;
    }

    /** Whether a process from outside had a descriptor for a role. */
    static boolean isOfExec(FdRole role) {
        return role.name().startsWith(EXEC_ROLE);
    }
}
