package dev.plinth.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * A way to run a program.
 *
 * @param name as it stands in the tables
 * @param prefix what stands before the program on the command line
 * @param environment variables that it needs
 * @param runs whether a test of micro means anything under it
 * @param isSandbox whether to time its start
 */
record Runner(
        String name,
        List<String> prefix,
        Map<String, String> environment,
        Predicate<String> runs,
        boolean isSandbox) {
    Runner {
        prefix = List.copyOf(prefix);
        environment = Map.copyOf(environment);
    }

    /** One that runs everything. */
    static Runner of(String name, String... prefix) {
        return new Runner(name, List.of(prefix), Map.of(), test -> true, true);
    }

    List<String> command(List<String> program) {
        List<String> command = new ArrayList<>(prefix);
        command.addAll(program);
        return command;
    }
}
