/**
 * The way in: makes sandboxes and runs them. What embeds Plinth, and its own command line, uses
 * this package, {@code error}, {@code donation} and the syscall table, and nothing else of the
 * kernel.
 *
 * <p>In reading order: {@link dev.plinth.kernel.boot.Plinth} (one a JVM), {@link
 * dev.plinth.kernel.boot.SandboxSpec} (what to run, and in what), {@link
 * dev.plinth.kernel.boot.Sandbox} with {@link dev.plinth.kernel.boot.ExecSpec} (one more program in
 * it); then {@code FastestPlatform} with {@code PlatformMeter} (what {@code --platform auto} is),
 * {@code BootModules} (what Guice wires), {@code SandboxBuilder} (the boot sequence), {@code
 * ProgramStarter}, {@code RootFileSystem}, {@code HostFacts}.
 *
 * <p>Guice ends here: it wires what a JVM has once. A sandbox and what is in it is made by
 * factories. No locks. May import every package of the kernel; none imports this one.
 */
package dev.plinth.kernel.boot;
