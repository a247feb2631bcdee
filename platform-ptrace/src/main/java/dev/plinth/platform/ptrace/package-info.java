/**
 * The platform that runs guests in traced stub processes; it needs no device and no root.
 *
 * <p>An address space is a process of its own, with nothing in it but what the guest has mapped and
 * two pages of the platform's at the very top. A context is a thread of such a process, traced by
 * the Java thread that made the context: each system call, fault and exception of the guest stops
 * it, and none is ever made by the host ({@code PTRACE_SYSEMU}).
 *
 * <p>In reading order: {@link dev.plinth.platform.ptrace.PtracePlatformFactory} and {@code
 * HostProbe} (is it usable here), {@code PtracePlatform}, {@code MasterThread} with {@code
 * MasterStub} (the process from which all others are cloned), {@code StubProcess} and {@code
 * UsedStubs} (processes that wait for another guest); {@code PtraceContext} with {@code Tracer}
 * (the requests of one thread), {@code TrapReader} and {@code FaultAccess} (what stopped the
 * guest), {@code VectorState}, and {@code PairedCpu}, {@code CpuPairs}, {@code CpuMask} (where
 * threads run); {@code PtraceAddressSpace} with {@code MemoryCalls}, {@code BatchPages} (how memory
 * is changed) and {@code MappedAccess}. What is inside a stub is in {@code …stub}, numbers of Linux
 * in {@code …linux}, instructions in {@code …x86}.
 *
 * <p><b>Threads.</b> Linux ties a tracee to one thread, so everything about a stub thread is done
 * by the Java thread of its context. The keeper of a stub process is nobody's for long: whoever
 * needs it seizes it and lets it go, under the address space's lock. The master belongs to a thread
 * of the platform.
 *
 * <p><b>Nothing outlives the JVM.</b> A traced thread dies with its tracer's thread, and the
 * process with it; the master dies with the JVM in two ways, by ptrace and by the parent death
 * signal; a stub that nobody traces dies with the master, and looks whether that still lives when
 * it asks for this.
 *
 * <p><b>Lock order.</b> {@code PtracePlatform.spacesLock}, {@code UsedStubs.stubsLock} and, last,
 * {@code BatchPages.pagesLock} are taken under {@code PtraceAddressSpace.addressSpaceLock} or under
 * none. {@code MasterThread.askerLock} is taken before {@code MasterThread.requestLock}, both under
 * none of the others. {@code PtraceContext.kickLock} and {@code CpuPairs.PAIRS_LOCK} are taken
 * alone. Under the address space's lock only the host is waited for, never a guest.
 *
 * <p>May import {@code dev.plinth.api}, slf4j, and from pf4j the annotation of its one extension.
 */
package dev.plinth.platform.ptrace;
