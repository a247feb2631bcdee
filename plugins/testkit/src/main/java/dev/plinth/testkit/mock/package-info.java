/**
 * A platform whose guest programs are Java code: for tests of the kernel that need no ptrace, no
 * {@code /dev/kvm}, no root and no Linux binary.
 *
 * <p>In reading order: {@link dev.plinth.testkit.mock.GuestCode} (a program), {@link
 * dev.plinth.testkit.mock.Guest} (what it can do), {@link dev.plinth.testkit.mock.MockPrograms} and
 * {@link dev.plinth.testkit.mock.MockProgram} (the bytes and the ELF executable that stand for it),
 * {@link dev.plinth.testkit.mock.MockPlatform}, {@link
 * dev.plinth.testkit.mock.MockPlatformFactory}.
 *
 * <p>A test of the kernel writes a program, gives its executable to the kernel, and asserts on what
 * the program saw:
 *
 * <pre>{@code
 * MockPlatformFactory factory = new MockPlatformFactory();
 * MockProgram restorer = factory.programs().add("restorer", guest -> guest.syscall(15));
 * MockProgram handler = factory.programs().add("handler", guest -> handled.incrementAndGet());
 * MockProgram main =
 *         factory.programs()
 *                 .add(
 *                         "main",
 *                         guest -> {
 *                             long action = MockElf.DATA_ADDRESS;
 *                             guest.storeLong(action, guest.addressOf(handler));
 *                             guest.storeLong(action + 8, 0x04000000); // SA_RESTORER
 *                             guest.storeLong(action + 16, guest.addressOf(restorer));
 *                             guest.syscall(13, 10, action, 0, 8); // rt_sigaction(SIGUSR1)
 *                             guest.syscall(62, guest.syscall(39), 10); // kill(getpid(), SIGUSR1)
 *                             guest.exit(0);
 *                         });
 * byte[] executable = main.elf(); // for the kernel's ELF loader
 * }</pre>
 *
 * <p>A test of one package of the kernel can do without an executable: it maps {@link
 * dev.plinth.testkit.mock.MockProgram#bytes()} with execute access, sets the instruction pointer
 * there, and drives an {@link dev.plinth.api.platform.ExecutionContext} itself.
 *
 * <p><b>How it works.</b> A context that comes to a program's bytes starts a coroutine, on a thread
 * of its own. At a trap the coroutine stands still. When the kernel goes on with the same
 * instruction and stack pointer, so does the coroutine; when it goes on at another program's bytes
 * (a signal handler, execve), that program starts on top; and when a later {@code run} is back at
 * the addresses of one that was interrupted (sigreturn), those above it are over. A new process or
 * thread begins at a program named by its parent, see {@link dev.plinth.testkit.mock.Guest#fork}.
 * Closing the context ends all of its coroutines.
 *
 * <p>Memory is exact: every access goes through the table of mappings and faults as the processor's
 * does. Anything else than a program's bytes is an undefined instruction, unless the factory is
 * told that its platforms know {@link dev.plinth.testkit.mock.MockPlatformFactory#withInstructions
 * instructions}: only programs of these can be taken to another platform. The trap flag is refused.
 * Vector state is kept, and changed by nobody but the kernel and {@link
 * dev.plinth.testkit.mock.Guest#vectorState}.
 *
 * <p><b>Locks.</b> The monitors of the platform and of an address space, and the lock of an address
 * space's table, are never held together. May import the {@code api} and nothing else of Plinth.
 */
package dev.plinth.testkit.mock;
