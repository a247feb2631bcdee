package dev.plinth.kernel.boot;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.kernel.cred.Credentials;
import dev.plinth.kernel.donation.DonatedDescriptors;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.fd.FdTable;
import dev.plinth.kernel.fd.HostFiles;
import dev.plinth.kernel.fs.hostfs.HostFs;
import dev.plinth.kernel.memory.MemoryFile;
import dev.plinth.kernel.task.Kernel;
import dev.plinth.kernel.time.Clock;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.DeviceRegistry;
import dev.plinth.kernel.vfs.FileDescription;
import dev.plinth.kernel.vfs.InodeNumbers;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Lookup;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.MountTree;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.Vfs;

import java.util.LinkedHashMap;
import java.util.Map;

/** The files of a sandbox: the root, and what is mounted over it. */
final class RootFileSystem {
    private static final int STDIO_LIMIT = 3;

    private final Vfs vfs;
    private final MountTree mounts;
    private final HostFiles hostFiles;

    private RootFileSystem(Vfs vfs, MountTree mounts, HostFiles hostFiles) {
        this.vfs = requireNonNull(vfs, "vfs is null");
        this.hostFiles = requireNonNull(hostFiles, "hostFiles is null");
        this.mounts = requireNonNull(mounts, "mounts is null");
    }

    static RootFileSystem mount(
            SandboxSpec spec,
            HostKernel host,
            MemoryFile memoryFile,
            Clock clock,
            Credentials credentials,
            SandboxResources resources) {
        InodeNumbers numbers = new InodeNumbers();
        DeviceRegistry devices = new DeviceRegistry();
        HostFs lower;
        try {
            lower =
                    new HostFs(
                            host,
                            HostFs.openDirectory(host, spec.rootfs().toString()),
                            numbers,
                            memoryFile,
                            clock,
                            true);
        } catch (ErrnoException e) {
            throw new SandboxException(
                    ErrorCode.ROOTFS_UNUSABLE,
                    "root file system %s: %s".formatted(spec.rootfs(), e.errno().text()),
                    "name a directory with --rootfs DIR",
                    e);
        }
        resources.own(lower::close);
        MountTree mounts = new MountTree("rootfs", lower, Mount.Options.READ_ONLY);
        Vfs vfs = new Vfs(devices, clock);
        return new RootFileSystem(vfs, mounts, new HostFiles(host, numbers));
    }

    /** What system calls do with paths. */
    Vfs vfs() {
        return vfs;
    }

    /** The tree of mounts. */
    MountTree mounts() {
        return mounts;
    }

    /** Shows the kernel's processes in /proc. */
    void bind(Kernel kernel) {
        requireNonNull(kernel, "kernel is null");
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

    /** The descriptors of the first process: what was donated as stdio, at 0, 1 and 2. */
    FdTable stdio(DonatedDescriptors descriptors) {
        Map<FdRole, HostFd> donated = new LinkedHashMap<>();
        for (int number = 0; number < 3; number++) {
            FdRole role = FdRole.stdio(number);
            descriptors.find(role).ifPresent(fd -> donated.put(role, fd));
        }
        Map<FdRole, FileDescription> files = hostFiles.importAll(donated);
        FdTable table = new FdTable();
        for (int number = 0; number < 3; number++) {
            FileDescription file = files.get(FdRole.stdio(number));
            if (file != null) {
                table.replace(number, file, false, STDIO_LIMIT);
            }
        }
        return table;
    }
}
