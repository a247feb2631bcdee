package dev.plinth.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Commands as people run them, of what is installed here. Each leaves nothing behind: what it makes
 * is in a temporary directory that it removes.
 */
final class Workloads {
    private static final Duration LIMIT = Duration.ofMinutes(1);

    private static final String HELLO =
            """
            #include <stdio.h>
            int main(void) { puts("hello"); return 0; }
            """;

    /** 20,000 rows in one transaction, then 200 transactions of a row each. */
    private static final String INSERTS =
            """
            pragma synchronous = off;
            create table t (id integer primary key, name text);
            insert into t (name)
                with recursive n (i) as (select 1 union all select i + 1 from n where i < 20000)
                select 'name ' || i from n;
            """
                    + "insert into t (name) values ('one');\n".repeat(200)
                    + "select count(*) from t;\n";

    private Workloads() {}

    /** What is measured from start to end to know what a start costs. */
    static Map<String, List<String>> starts(Programs programs) {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        commands.put("true", List.of(programs.nothing().toString()));
        Programs.find("busybox")
                .map(Path::toString)
                .ifPresent(box -> commands.put("busybox echo", List.of(box, "echo", "hello")));
        return commands;
    }

    /**
     * The workloads.
     *
     * @param target directory for what they need
     */
    static Map<String, List<String>> all(Path target) {
        Map<String, List<String>> commands = new LinkedHashMap<>();
        add(commands, "python3 -c pass", "python3", "/usr/bin/python3 -c pass");
        Path hello = write(target.resolve("hello.c"), HELLO);
        add(commands, "gcc hello.c", "gcc", "gcc -o hello " + hello + " && ./hello >/dev/null");
        add(commands, "find over /usr", "find", "find /usr -xdev -name no-such-file");
        Programs.find("git")
                .ifPresent(_ -> {
                    Path repository = repository(target.resolve("repository"));
                    String clone = "git -c safe.directory='*' clone -q " + repository + " copy";
                    commands.put("git clone", shell(clone));
                });
        Path inserts = write(target.resolve("inserts.sql"), INSERTS);
        add(commands, "sqlite inserts", "sqlite3", "sqlite3 t.db <" + inserts + " >/dev/null");
        add(commands, "java -version", "java", "java -version 2>/dev/null");
        return commands;
    }

    private static void add(
            Map<String, List<String>> commands, String name, String needs, String script) {
        if (Programs.find(needs).isPresent()) {
            commands.put(name, shell(script));
        }
    }

    /** Runs a script in a directory of its own, which is gone afterwards. */
    private static List<String> shell(String script) {
        String inTemporary =
                "d=$(mktemp -d) && cd \"$d\" && { "
                        + script
                        + "; }; s=$?; cd / && rm -rf \"$d\"; exit $s";
        return List.of("/bin/sh", "-c", inTemporary);
    }

    private static Path write(Path file, String content) {
        try {
            return Files.writeString(file, content);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    /** A repository of 200 files in 10 commits. */
    private static Path repository(Path where) {
        if (Files.isDirectory(where)) {
            return where;
        }
        String script =
                """
                set -e
                rm -rf "$0.new"; git init -q "$0.new"; cd "$0.new"
                git config user.name bench; git config user.email bench@localhost
                for commit in 0 1 2 3 4 5 6 7 8 9; do
                    mkdir $commit
                    for file in 0 1 2 3 4 5 6 7 8 9 a b c d e f g h i j; do
                        seq $commit 997 100000 >$commit/$file
                    done
                    git add .; git commit -q -m "commit $commit"
                done
                mv "$0.new" "$0"
                """;
        ChildProcess done =
                ChildProcess.run(
                        List.of("/bin/sh", "-c", script, where.toString()), Map.of(), LIMIT);
        if (!done.succeeded()) {
            throw new BenchException("no repository for git clone: " + done.failure());
        }
        return where;
    }
}
