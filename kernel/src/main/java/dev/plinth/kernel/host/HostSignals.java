package dev.plinth.kernel.host;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.linux.Errno;
import dev.plinth.api.linux.Signal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Signals that are sent to this process, handed to Java.
 *
 * <p>The JVM has a way of its own for some signals ({@code sun.misc.Signal}), but keeps SIGQUIT for
 * itself and answers it with a thread dump on standard output, which is the guest's here. So the
 * handler is a few instructions that write the signal's number into a pipe, and a thread reads the
 * pipe: a handler may do nothing that is not async-signal-safe, and no Java method is.
 *
 * <p>Any thread may call any method, but closing from within the receiver would wait for itself.
 */
public final class HostSignals implements AutoCloseable {
    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_MMAP = 9;
    private static final long SYS_MPROTECT = 10;
    private static final long SYS_FCNTL = 72;
    private static final long SYS_PIPE2 = 293;

    private static final long PROT_READ_WRITE = 3;
    private static final long PROT_READ_EXEC = 5;
    private static final long MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long F_SETFL = 4;
    private static final long O_NONBLOCK = 0x800;
    private static final long O_CLOEXEC = 0x80000;

    private static final long PAGE = 4096;

    /** Where struct sigaction of glibc has its flags, behind the handler and the mask. */
    private static final long SA_FLAGS_OFFSET = 136;

    /** On the alternate stack if the thread has one; calls that the signal broke off go on. */
    private static final int SA_ONSTACK_RESTART = 0x18000000;

    private static final long SIG_IGN = 1;

    /** What stands in the pipe for the end; no signal has this number. */
    private static final byte END = 0;

    private final HostKernel host;
    private final HostFd readEnd;

    /** Stays open for good: a handler may be about to write to it at any time. */
    private final int writeEnd;

    private final Thread reader;

    private HostSignals(HostKernel host, int readEnd, int writeEnd, Consumer<Signal> receiver) {
        this.host = host;
        this.readEnd = new HostFd(host, readEnd);
        this.writeEnd = writeEnd;
        reader = Thread.ofPlatform().name("signals").daemon().unstarted(() -> receive(receiver));
    }

    /**
     * Hands signals to a receiver from now on, in place of what the JVM does about them.
     *
     * <p>Done once in the life of a JVM. A signal that this process was started to ignore, as by
     * nohup(1), stays ignored; SIGQUIT only under {@code -Xrs}, for else the JVM has its own
     * handler by now. Signals are lost that come when some thousands wait.
     *
     * @param receiver called on a thread of its own, one signal at a time
     * @return closed, it lets all further signals be lost
     * @throws dev.plinth.api.host.HostCallException if the host refuses
     */
    public static HostSignals forward(
            HostKernel host, Set<Signal> signals, Consumer<Signal> receiver) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment ends = arena.allocate(JAVA_INT, 2);
            host.require("pipe2(signals)", SYS_PIPE2, ends.address(), O_CLOEXEC);
            int writeEnd = ends.getAtIndex(JAVA_INT, 1);
            // A handler that waited for room in the pipe would stop the thread that it runs on.
            host.require("fcntl(signals)", SYS_FCNTL, writeEnd, F_SETFL, O_NONBLOCK);
            HostSignals forwarded =
                    new HostSignals(host, ends.getAtIndex(JAVA_INT, 0), writeEnd, receiver);
            forwarded.reader.start();
            long handler = handler(host, writeEnd);
            for (Signal signal : signals) {
                install(arena, signal, handler);
            }
            return forwarded;
        }
    }

    private void receive(Consumer<Signal> receiver) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = arena.allocate(JAVA_BYTE);
            while (true) {
                long count = host.syscall(SYS_READ, readEnd.number(), number.address(), 1);
                if (count != 1 && count != -Errno.EINTR.number()) {
                    throw new IllegalStateException("the signal pipe fails: " + count);
                }
                if (count == 1) {
                    if (number.get(JAVA_BYTE, 0) == END) {
                        return;
                    }
                    receiver.accept(Signal.of(number.get(JAVA_BYTE, 0)));
                }
            }
        }
    }

    /** Waits until the receiver is done with what came before. */
    @Override
    public void close() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment end = arena.allocateFrom(JAVA_BYTE, END);
            // A full pipe: the reader is at work, and there will be room.
            while (host.syscall(SYS_WRITE, writeEnd, end.address(), 1) == -Errno.EAGAIN.number()) {
                Thread.onSpinWait();
            }
            reader.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        readEnd.close();
    }

    private static void install(Arena arena, Signal signal, long handler) {
        // SAFETY: glibc's sigaction() reads and writes one struct sigaction each; no mask, and the
        // handler stays mapped for good.
        MemorySegment old = arena.allocate(LibC.SIGACTION_BYTES, Long.BYTES);
        MemorySegment action = arena.allocate(LibC.SIGACTION_BYTES, Long.BYTES);
        action.set(JAVA_LONG, 0, handler);
        action.set(JAVA_INT, SA_FLAGS_OFFSET, SA_ONSTACK_RESTART);
        if (LibC.sigaction(signal.number(), 0, old.address()) != 0) {
            JnaHostKernel.check("sigaction(" + signal + ")", LibC.errno());
        }
        if (old.get(JAVA_LONG, 0) == SIG_IGN) {
            return;
        }
        if (LibC.sigaction(signal.number(), action.address(), 0) != 0) {
            JnaHostKernel.check("sigaction(" + signal + ")", LibC.errno());
        }
    }

    /** The address of a C function of one int that writes the int's lowest byte to a descriptor. */
    private static long handler(HostKernel host, int descriptor) {
        byte[] code = handlerCode(descriptor);
        long address =
                host.require(
                        "mmap(signal handler)",
                        SYS_MMAP,
                        0,
                        PAGE,
                        PROT_READ_WRITE,
                        MAP_PRIVATE_ANONYMOUS,
                        -1,
                        0);
        // SAFETY: the page was mapped above, is never unmapped, and holds the code with room to
        // spare.
        MemorySegment page = MemorySegment.ofAddress(address).reinterpret(PAGE);
        MemorySegment.copy(MemorySegment.ofArray(code), 0, page, 0, code.length);
        host.require("mprotect(signal handler)", SYS_MPROTECT, address, PAGE, PROT_READ_EXEC);
        return address;
    }

    /** Changes no register that the interrupted code relies on, and not errno. */
    private static byte[] handlerCode(int descriptor) {
        ByteBuffer code = ByteBuffer.allocate(32).order(ByteOrder.LITTLE_ENDIAN);
        code.put((byte) 0x57); // push rdi: the signal's number, into memory
        code.put(new byte[] {0x48, (byte) 0x89, (byte) 0xe6}); // mov rsi, rsp
        code.put((byte) 0xbf).putInt(descriptor); // mov edi, descriptor
        code.put((byte) 0xba).putInt(1); // mov edx, 1
        code.put((byte) 0xb8).putInt((int) SYS_WRITE); // mov eax, SYS_write
        code.put(new byte[] {0x0f, 0x05}); // syscall
        code.put((byte) 0x5f); // pop rdi
        code.put((byte) 0xc3); // ret
        return code.array();
    }
}
