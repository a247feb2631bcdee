package dev.plinth.kernel.boot;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.BackingFile;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.kernel.donation.DonatedDescriptors;

import java.util.List;
import java.util.Optional;

/** What a sandbox gives its platform: the host, the donated devices, the files of its memory. */
record DonatedPlatformContext(
        HostKernel host, DonatedDescriptors descriptors, List<BackingFile> backingFiles)
        implements PlatformContext {
    @Override
    public Optional<HostFd> device(FdRole role) {
        return descriptors.find(role);
    }
}
