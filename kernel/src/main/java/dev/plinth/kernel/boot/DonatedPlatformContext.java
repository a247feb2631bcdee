package dev.plinth.kernel.boot;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.kernel.donation.DonatedDescriptors;

import java.util.List;
import java.util.Optional;

/** What a sandbox gives its platform: the host, the donated devices, the memory file. */
record DonatedPlatformContext(
        HostKernel host, DonatedDescriptors descriptors, BackingFile memoryFile)
        implements PlatformContext {
    @Override
    public Optional<HostFd> device(FdRole role) {
        return descriptors.find(role);
    }

    @Override
    public List<BackingFile> backingFiles() {
        return List.of(memoryFile);
    }
}
