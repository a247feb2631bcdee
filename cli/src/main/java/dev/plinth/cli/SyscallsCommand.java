package dev.plinth.cli;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.syscall.linux.LinuxSyscalls;

import org.apache.commons.cli.Option;
import org.apache.commons.cli.Options;

/** {@code plinth syscalls}: which system calls a program can make. */
final class SyscallsCommand implements Command {
    private static final Option FORMAT =
            CommonOptions.withValue("format", "FORMAT", "table (the default), json or markdown");

    @Override
    public String name() {
        return "syscalls";
    }

    @Override
    public String summary() {
        return "List the system calls, and how much of each there is";
    }

    @Override
    public String synopsis() {
        return "[OPTION]...";
    }

    @Override
    public Options options() {
        return new Options().addOption(FORMAT);
    }

    @Override
    public String notes() {
        return """
        Example:
          plinth syscalls --format markdown >docs/compatibility.md
        """;
    }

    @Override
    public int failureStatus(ErrorCode code) {
        return 1;
    }

    @Override
    public int run(Arguments arguments, Console console) {
        arguments.requireNoOperands();
        OutputFormat format = OutputFormat.of(arguments, OutputFormat.values());
        SyscallPage page = new SyscallPage(LinuxSyscalls.table());
        console.out()
                .print(
                        switch (format) {
                            case TABLE -> page.table();
                            case JSON -> page.json();
                            case MARKDOWN -> page.markdown();
                        });
        return 0;
    }
}
