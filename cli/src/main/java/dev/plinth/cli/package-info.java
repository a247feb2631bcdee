/**
 * The {@code plinth} command.
 *
 * <p>In reading order: {@link dev.plinth.cli.Main} (chooses the command, ends the process), {@code
 * Command} (what a command is) with {@code PlatformsCommand}, {@code LayoutCommand}, {@code
 * SyscallsCommand} and those about images; {@code Arguments} (the command line taken apart); {@code
 * HelpPage}, {@code TextTable}, {@code Json} and {@code SyscallPage} (what is printed); {@code
 * Console} (where to); {@code DebugLog}; {@code GuestEnvironment} (what variables a program gets);
 * {@code TerminationSignals}.
 *
 * <p>What starts sandboxes: {@code StartingCommand} with {@code RunCommand} and {@code
 * RestoreCommand}, {@code SandboxStart} (here, or elsewhere: {@code DetachedLaunch} spawns a
 * process that executes {@code SandboxCommand} and answers with a {@code LaunchReport}), {@code
 * RegisteredRun} (one with a name, to its end). What speaks to those with names, by way of {@link
 * dev.plinth.cli.control}: {@code ControlCommand} with {@code PsCommand}, {@code ExecCommand},
 * {@code CheckpointCommand}, {@code SwapCommand} and so on.
 *
 * <p>Of the kernel it uses {@code boot}, {@code donation}, {@code error}, {@code plugin}, {@code
 * image}, {@code host} and the system call table. Classes are confined to the main thread unless
 * they say otherwise.
 */
package dev.plinth.cli;
