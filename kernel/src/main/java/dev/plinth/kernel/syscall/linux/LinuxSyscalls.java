package dev.plinth.kernel.syscall.linux;

import dev.plinth.kernel.syscall.SyscallFamily;
import dev.plinth.kernel.syscall.SyscallTable;

import java.util.List;

/** All families of system calls, and the table that they make. */
public final class LinuxSyscalls {
    private LinuxSyscalls() {}

    /** The table of Linux on x86-64. */
    public static SyscallTable table() {
        return new SyscallTable(SyscallNames.all(), families());
    }

    private static List<SyscallFamily> families() {
        return List.of(
                new ReadWriteSyscalls(),
                new OpenSyscalls(),
                new DescriptorSyscalls(),
                new LockSyscalls(),
                new PipeSyscalls(),
                new EventSyscalls(),
                new SpliceSyscalls(),
                new CopySyscalls(),
                new StatSyscalls(),
                new DirectorySyscalls(),
                new MemorySyscalls(),
                new ProcessSyscalls(),
                new CloneSyscalls(),
                new ExecSyscalls(),
                new WaitSyscalls(),
                new PrctlSyscalls(),
                new IdentitySyscalls(),
                new CredentialSyscalls(),
                new CapabilitySyscalls(),
                new LimitSyscalls(),
                new FutexSyscalls(),
                new SignalSyscalls(),
                new TimeSyscalls(),
                new SystemSyscalls(),
                new PollSyscalls(),
                new AttributeSyscalls(),
                new StorageSyscalls(),
                new XattrSyscalls());
    }
}
