package dev.plinth.testkit;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.HostMemory;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.linux.Signal;
import dev.plinth.api.memory.AccessType;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * The host for this module's own tests, by the JDK's foreign function interface: the kernel module,
 * which has the real one, is tested with this module and so cannot be used here.
 */
public final class ForeignHostKernel implements HostKernel {
    private static final long SYS_MMAP = 9;
    private static final long SYS_MUNMAP = 11;
    private static final long MAP_SHARED = 1;

    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();
    private static final MethodHandle SYSCALL =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("syscall"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG),
                            Linker.Option.firstVariadicArg(1),
                            Linker.Option.captureCallState("errno"));

    @Override
    public long syscall(long number, long a0, long a1, long a2, long a3, long a4, long a5) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(STATE);
            long result = (long) SYSCALL.invokeExact(state, number, a0, a1, a2, a3, a4, a5);
            // The only field of the layout is errno.
            return result == -1 ? -state.get(ValueLayout.JAVA_INT, 0) : result;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public int spawn(SpawnRequest request) {
        throw new UnsupportedOperationException("not for these tests");
    }

    @Override
    public void installNoOpHandler(Signal signal) {
        throw new UnsupportedOperationException("not for these tests");
    }

    @Override
    public HostMemory map(HostFd file, long offset, long length, AccessType access) {
        long address =
                require(
                        "mmap",
                        SYS_MMAP,
                        0,
                        length,
                        access.prot(),
                        MAP_SHARED,
                        file.number(),
                        offset);
        MemorySegment memory = MemorySegment.ofAddress(address).reinterpret(length);
        return new HostMemory(memory, () -> require("munmap", SYS_MUNMAP, address, length));
    }
}
