package dev.plinth.testkit.mock;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.Availability;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.Platform;
import dev.plinth.api.platform.PlatformCapabilities;
import dev.plinth.api.platform.PlatformContext;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.PlatformFeature;

import java.util.List;
import java.util.Set;

/**
 * Makes mock platforms, under any name and with any declared devices.
 *
 * <p>Immutable but for its set of programs, which the variants share.
 */
public final class MockPlatformFactory implements PlatformFactory {
    private final MockPrograms programs;
    private final String name;
    private final List<DeviceDeclaration> devices;
    private final Availability availability;
    private final PlatformCapabilities capabilities;
    private final InstructionSet instructions;

    /** A factory named {@code mock} without devices, whose platforms are usable. */
    public MockPlatformFactory() {
        this(
                new MockPrograms(),
                "mock",
                List.of(),
                Availability.usable(),
                MockPlatform.CAPABILITIES,
                InstructionSet.EMPTY);
    }

    private MockPlatformFactory(
            MockPrograms programs,
            String name,
            List<DeviceDeclaration> devices,
            Availability availability,
            PlatformCapabilities capabilities,
            InstructionSet instructions) {
        this.programs = programs;
        this.name = requireNonNull(name, "name is null");
        this.devices = List.copyOf(devices);
        this.availability = requireNonNull(availability, "availability is null");
        this.capabilities = requireNonNull(capabilities, "capabilities is null");
        this.instructions = requireNonNull(instructions, "instructions is null");
    }

    /** The same factory under another name. */
    public MockPlatformFactory withName(String newName) {
        return new MockPlatformFactory(
                programs, newName, devices, availability, capabilities, instructions);
    }

    /** The same factory with other declared devices; its platforms do not use them. */
    public MockPlatformFactory withDevices(List<DeviceDeclaration> newDevices) {
        return new MockPlatformFactory(
                programs, name, newDevices, availability, capabilities, instructions);
    }

    /** The same factory, claiming to be usable or not. */
    public MockPlatformFactory withAvailability(Availability newAvailability) {
        return new MockPlatformFactory(
                programs, name, devices, newAvailability, capabilities, instructions);
    }

    /** The same factory, whose platforms tell programs of another processor. */
    public MockPlatformFactory withCpu(CpuFeatures newCpu) {
        return with(capabilities.userAddresses(), newCpu, capabilities.features());
    }

    /** The same factory, whose platforms can map other addresses. */
    public MockPlatformFactory withUserAddresses(AddressRange newAddresses) {
        return with(newAddresses, capabilities.cpu(), capabilities.features());
    }

    /**
     * The same factory, whose platforms claim to have other features. Vector state that they do not
     * claim they refuse; to claim what {@link MockPlatformFactory} has not is for restores of what
     * was saved where it is.
     */
    public MockPlatformFactory withFeatures(Set<PlatformFeature> newFeatures) {
        return with(capabilities.userAddresses(), capabilities.cpu(), newFeatures);
    }

    private MockPlatformFactory with(
            AddressRange userAddresses, CpuFeatures cpu, Set<PlatformFeature> features) {
        return new MockPlatformFactory(
                programs,
                name,
                devices,
                availability,
                new PlatformCapabilities(
                        userAddresses,
                        capabilities.mapUnit(),
                        capabilities.maxContexts(),
                        cpu,
                        features),
                instructions);
    }

    /**
     * The same factory, whose platforms execute also what {@link
     * dev.plinth.testkit.assembler.GuestAssembler} can write, as processors do.
     */
    public MockPlatformFactory withInstructions() {
        return new MockPlatformFactory(
                programs, name, devices, availability, capabilities, new AssembledInstructions());
    }

    /** The programs that its platforms execute; more can be added at any time. */
    public MockPrograms programs() {
        return programs;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String description() {
        return "Runs Java code in the place of programs, for tests";
    }

    @Override
    public List<DeviceDeclaration> devices() {
        return devices;
    }

    @Override
    public Availability availability(HostKernel host) {
        return availability;
    }

    /**
     * Makes a platform.
     *
     * @throws IllegalArgumentException if a required device is missing in the context
     */
    @Override
    public Platform create(PlatformContext context) {
        for (DeviceDeclaration device : devices) {
            if (device.required() && context.device(device.role()).isEmpty()) {
                throw new IllegalArgumentException("missing device: " + device.role());
            }
        }
        return new MockPlatform(programs, instructions, capabilities, context.backingFiles());
    }
}
