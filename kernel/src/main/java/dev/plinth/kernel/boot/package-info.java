/**
 * The way in: makes sandboxes and runs them. What embeds Plinth, and its own command line, uses
 * this package, {@code error}, {@code donation} and the syscall table, and nothing else of the
 * kernel.
 *
 * <p>In reading order: {@link dev.plinth.kernel.boot.Plinth} (one a JVM), {@link
 * dev.plinth.kernel.boot.SandboxSpec} (what to run, and in what), {@link
 * dev.plinth.kernel.boot.Sandbox} with {@link dev.plinth.kernel.boot.ExecSpec} (one more program in
 * it), {@link dev.plinth.kernel.boot.CheckpointSpec}, {@link dev.plinth.kernel.boot.RestoreSpec},
 * {@link dev.plinth.kernel.boot.RestoreProgress} and {@link
 * dev.plinth.kernel.boot.CheckpointHandler}; then {@code FastestPlatform} with {@code
 * PlatformMeter} (what {@code --platform auto} is), {@code BootModules} (what Guice wires), {@code
 * SandboxBuilder} (the boot sequence), {@code SandboxRestorer} (the same out of an image), {@code
 * RestoreMeter}, {@code ProgramStarter}, {@code RootFileSystem}, {@code HostFacts}, {@code
 * Standstill} (who may stop a sandbox), {@code Checkpoints}, {@code CheckpointRequests}.
 *
 * <p>Lock order: the lock of {@code Checkpoints}, then those of {@code Standstill}, then those of
 * the kernel. The lock of {@code CheckpointRequests} is a leaf.
 *
 * <p>Guice ends here: it wires what a JVM has once. A sandbox and what is in it is made by
 * factories. May import every package of the kernel; none imports this one.
 */
package dev.plinth.kernel.boot;
