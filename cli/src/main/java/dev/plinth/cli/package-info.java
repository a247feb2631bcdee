/**
 * The {@code plinth} command.
 *
 * <p>In reading order: {@link dev.plinth.cli.Main} (chooses the command, ends the process), {@code
 * Command} (what a command is) with {@code RunCommand}, {@code PlatformsCommand}, {@code
 * LayoutCommand} and {@code SyscallsCommand}; {@code Arguments} (the command line taken apart);
 * {@code HelpPage}, {@code TextTable} and {@code SyscallPage} (what is printed); {@code Console}
 * (where to); {@code DebugLog}; {@code GuestEnvironment} (what variables a program gets); {@code
 * TerminationSignals}.
 *
 * <p>Of the kernel it uses {@code boot}, {@code donation}, {@code error}, {@code plugin}, {@code
 * host}'s signals and the system call table. Classes are confined to the main thread unless they
 * say otherwise.
 */
package dev.plinth.cli;
