package dev.plinth.kernel.mm;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.kernel.memory.MemoryFile;

/** A guest process without a guest: loads and stores as its instructions would do them. */
final class TestProcess implements AutoCloseable {
    static final AddressRange USER_ADDRESSES = new AddressRange(0x1_0000, 0x7fff_ffff_f000L);

    private final MemoryFile memory;
    private FakeAddressSpace addressSpace;
    private final MemoryManager manager;

    TestProcess(MemoryFile memory, FakeAddressSpace addressSpace, MemoryManager manager) {
        this.memory = memory;
        this.addressSpace = addressSpace;
        this.manager = manager;
    }

    static TestProcess create(MemoryFile memory) {
        return create(memory, new FakeLimits());
    }

    static TestProcess create(MemoryFile memory, MemoryLimits limits) {
        FakeAddressSpace addressSpace = new FakeAddressSpace();
        AddressLayout layout = AddressLayout.fixed(USER_ADDRESSES, 8 << 20);
        return new TestProcess(
                memory, addressSpace, MemoryManager.create(memory, addressSpace, layout, limits));
    }

    TestProcess fork() {
        return fork(ForkHints.NONE);
    }

    TestProcess fork(ForkHints hints) {
        FakeAddressSpace child = new FakeAddressSpace();
        return new TestProcess(memory, child, manager.fork(child, new FakeLimits(), hints));
    }

    /** Has it go on with another address space, as on another platform. */
    void replaceAddressSpace() {
        manager.giveUpAddressSpace();
        addressSpace = new FakeAddressSpace();
        manager.takeAddressSpace(addressSpace);
    }

    MemoryManager manager() {
        return manager;
    }

    FakeAddressSpace addressSpace() {
        return addressSpace;
    }

    GuestMemory guestMemory() {
        return manager.guestMemory();
    }

    /** The guest faults, and its access cannot be helped. */
    static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final FaultOutcome outcome;

        Killed(FaultOutcome outcome) {
            super(outcome.name());
            this.outcome = outcome;
        }

        FaultOutcome outcome() {
            return outcome;
        }
    }

    byte load(long address) {
        FakeAddressSpace.Entry entry = translate(address, AccessType.READ);
        return entry.file().view().get(JAVA_BYTE, entry.offset() + (address & 4095));
    }

    void store(long address, int value) {
        FakeAddressSpace.Entry entry = translate(address, AccessType.WRITE);
        entry.file().view().set(JAVA_BYTE, entry.offset() + (address & 4095), (byte) value);
    }

    void execute(long address) {
        FakeAddressSpace.Entry _ = translate(address, AccessType.EXECUTE);
    }

    /** How many faults an access takes. */
    int faultsOf(long address, AccessType access) {
        int faults = 0;
        while (!isMapped(address, access)) {
            fault(address, access);
            faults++;
        }
        return faults;
    }

    private FakeAddressSpace.Entry translate(long address, AccessType access) {
        while (!isMapped(address, access)) {
            fault(address, access);
        }
        return addressSpace.lookUp(address).orElseThrow();
    }

    private boolean isMapped(long address, AccessType access) {
        return addressSpace
                .lookUp(address)
                .filter(entry -> entry.access().covers(access))
                .isPresent();
    }

    private void fault(long address, AccessType access) {
        FaultOutcome outcome = manager.handleFault(address, access);
        if (outcome != FaultOutcome.RESOLVED) {
            throw new Killed(outcome);
        }
    }

    @Override
    public void close() {
        manager.close();
    }
}
