package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.UTF_8;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/** Sandboxes in processes of their own, and the commands on them. */
@Timeout(120)
@ExtendWith(Leftovers.class)
@ParameterizedClass(name = "{0}")
@MethodSource("dev.plinth.cli.TestPlatform#usable")
final class DetachIT {
    /** Ends with status 9 when it is told to, and is in a call until then. */
    private static final String IDLE = "trap 'exit 9' TERM; while :; do sleep 0.1; done";

    @Parameter private TestPlatform platform;

    @TempDir private Path temporary;
    private Registered sandboxes;

    @BeforeEach
    void makeRoot() {
        sandboxes = new Registered(temporary.resolve("root"), platform);
    }

    @AfterEach
    void endWhatIsLeft() {
        sandboxes.close();
        assertEquals(List.of(), sandboxes.entries());
    }

    @Test
    void lives() throws InterruptedException {
        sandboxes.start("a", IDLE);
        assertEquals("running", sandboxes.status("a"));
        assertEquals(platform.name(), sandboxes.field("a", "platform"));
        assertTrue(sandboxes.ask("list").contains("a     running"), sandboxes.ask("list"));
        assertTrue(sandboxes.ask("list", "--format", "json").contains("\"id\": \"a\""));
        assertTrue(ProcessHandle.of(sandboxes.process("a")).isPresent());
        assertTrue(sandboxes.ask("ps", "a").contains("/bin/busybox sh -c"));

        assertEquals("", sandboxes.ask("kill", "a"));
        assertEquals(9, sandboxes.plinth("wait", "a").run().status());
        assertEquals("stopped", sandboxes.status("a"));
        assertTrue(sandboxes.ask("list").contains("stopped (9)"));
        assertEquals(9, sandboxes.plinth("wait", "a").run().status());
        assertEquals("", sandboxes.ask("delete", "a"));
        sandboxes.plinth("state", "a").run().assertRefused(1, "there is no sandbox named 'a'");
    }

    @Test
    void theLauncherLeavesNoProcessButTheSandbox() throws IOException {
        sandboxes.start("a", IDLE);
        long sandbox = sandboxes.process("a");
        List<Long> children = ProcessHandle.current().children().map(ProcessHandle::pid).toList();
        assertTrue(children.contains(sandbox), "the launcher's child was left to us");
        // Its own session: no terminal's signals reach it.
        String stat = Files.readString(Path.of("/proc/" + sandbox + "/stat"));
        String session = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[3];
        assertEquals(Long.toString(sandbox), session);
    }

    @Test
    void aProcessThatIsKilledIsTold() throws InterruptedException {
        sandboxes.start("a", IDLE);
        ProcessHandle.of(sandboxes.process("a")).orElseThrow().destroyForcibly();
        Registered.await("stopped", () -> sandboxes.status("a").equals("stopped"));
        assertTrue(sandboxes.ask("list").contains("stopped (?)"));
        sandboxes.plinth("wait", "a").run().assertRefused(125, "it is not known how");
        sandboxes.plinth("kill", "a").run().assertRefused(1, "does not run");
        sandboxes.ask("delete", "a");
    }

    @Test
    void aNameThatIsTakenIsRefused() {
        sandboxes.start("a", IDLE);
        sandboxes
                .detach("a", "/bin/true")
                .run()
                .assertRefused(125, "there is a sandbox named 'a' already", "plinth delete a");
        sandboxes
                .plinth("run", "--id", "a", "--", "/bin/true")
                .run()
                .assertRefused(125, "there is a sandbox named 'a' already");
        sandboxes.plinth("delete", "a").run().assertRefused(1, "is running", "--force");
        assertEquals("running", sandboxes.status("a"));
        sandboxes.ask("delete", "--force", "a");
    }

    @Test
    void whatCannotStartIsToldAndLeavesNothing() {
        sandboxes.detach("a", "/nonexistent").run().assertRefused(127, "/nonexistent");
        sandboxes.detach("a", "/etc/passwd").run().assertRefused(126, "Permission denied");
        sandboxes
                .plinth("run", "--detach", "--id", "a", "--rootfs", "/nonexistent", "x")
                .run()
                .assertRefused(125, "root file system");
        sandboxes
                .plinth("run", "--detach", "--id", "a", "--platform", "none", "x")
                .run()
                .assertRefused(125, "named 'none'");
        sandboxes
                .plinth("run", "--detach", "--id", "../a", "x")
                .run()
                .assertRefused(2, "is no name for a sandbox");
        assertEquals(List.of(), sandboxes.entries());
    }

    @Test
    void inTheForegroundANameIsFreeWhenTheSandboxEnds() throws Exception {
        Process process =
                sandboxes
                        .plinth("run", "--platform", platform.name(), "--id", "a", "--")
                        .and("/bin/busybox", "sh", "-c", IDLE)
                        .start(temporary.resolve("out"), temporary.resolve("err"));
        Registered.await(
                "running",
                () ->
                        sandboxes.entries().equals(List.of("a"))
                                && sandboxes.status("a").equals("running"));
        assertEquals("in\n", sandboxes.ask("exec", "a", "--", "/bin/busybox", "echo", "in"));
        sandboxes.ask("kill", "a");
        assertEquals(9, process.waitFor());
        assertEquals(List.of(), sandboxes.entries());
        assertEquals("", Files.readString(temporary.resolve("err")));
    }

    @Test
    void everyDonationIsLoggedByNumberAndRole() throws IOException {
        Path log = temporary.resolve("log");
        sandboxes
                .plinth("run", "--platform", platform.name(), "--detach", "--id", "a")
                .and("--debug-log", log.toString(), "--", "/bin/busybox", "sleep", "100")
                .run()
                .requireSuccess();
        String text = Files.readString(log);
        List<String> donated =
                text.lines()
                        .filter(line -> line.contains(" donating "))
                        .map(line -> line.substring(line.indexOf("donating ")))
                        .toList();
        assertEquals("donating 200 stdin", donated.get(0));
        assertEquals("donating 201 stdout", donated.get(1));
        assertEquals("donating 202 stderr", donated.get(2));
        int devices = devices().size();
        if (devices > 0) {
            assertEquals("donating 203 device/kvm", donated.get(3));
        }
        assertEquals(6 + devices, donated.size(), donated::toString);
        assertEquals("donating " + (203 + devices) + " control", donated.get(3 + devices));
        assertEquals("donating " + (204 + devices) + " log", donated.get(4 + devices));
        assertEquals("donating " + (205 + devices) + " launcher", donated.get(5 + devices));
        List<String> adopted =
                text.lines()
                        .filter(line -> line.contains(" adopting "))
                        .map(line -> line.substring(line.indexOf("adopting ")))
                        .map(line -> line.replace("adopting", "donating"))
                        .toList();
        assertEquals(donated, adopted);
        sandboxes.ask("delete", "--force", "a");
    }

    /** What the platform declares, as its descriptor is seen on the host. */
    private List<String> devices() {
        return platform.name().equals("kvm") ? List.of("/dev/kvm") : List.of();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theSandboxHasTheDescriptorsOfTheLayoutAndNoOther(boolean logs) throws IOException {
        Path log = temporary.resolve("log");
        Path out = temporary.resolve("out");
        Path err = temporary.resolve("err");
        Path stranger = Files.writeString(temporary.resolve("stranger"), "secret");
        // Of bash, as others have numbers of one digit only. Some are those of the layout itself.
        String redirections =
                " 4<$F 50<$F 199<$F 200<$F 203<$F 220<>$F 254<$F 300<$F".replace("$F", "\"$0\"");
        Outcome started =
                TestCommand.outside("/bin/bash", "-c")
                        .and("exec \"$@\" >" + out + " 2>" + err + redirections)
                        .and(stranger.toString())
                        .and(sandboxes.plinth("run", "--platform", platform.name()).words())
                        .and("--detach", "--id", "a")
                        .and(logs ? List.of("--debug-log", log.toString()) : List.of())
                        .and("--", "/bin/busybox", "sleep", "100")
                        .run();
        assertEquals(0, started.status(), started::toString);
        Map<Integer, String> expected = new TreeMap<>();
        int number = 200;
        for (String stdio : List.of("/dev/null", out.toString(), err.toString())) {
            expected.put(number++, stdio);
        }
        for (String device : devices()) {
            expected.put(number++, device);
        }
        expected.put(number++, "socket");
        if (logs) {
            expected.put(number, log.toString());
        }
        NavigableMap<Integer, String> descriptors = descriptors(sandboxes.process("a"));
        assertEquals(expected, descriptors.tailMap(200, true));
        assertEquals("/dev/null", descriptors.get(0));
        assertEquals("/dev/null", descriptors.get(1));
        assertEquals((logs ? log : err).toString(), descriptors.get(2));
        assertFalse(descriptors.containsValue(stranger.toString()), descriptors::toString);
    }

    /** All that a process has, by what they are of; of sockets only that. */
    private static NavigableMap<Integer, String> descriptors(long process) throws IOException {
        NavigableMap<Integer, String> all = new TreeMap<>();
        try (DirectoryStream<Path> links =
                Files.newDirectoryStream(Path.of("/proc/" + process + "/fd"))) {
            for (Path link : links) {
                String target = Files.readSymbolicLink(link).toString();
                all.put(
                        Integer.parseInt(link.getFileName().toString()),
                        target.startsWith("socket:") ? "socket" : target);
            }
        }
        return all;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "<&-",
                ">&-",
                "2>&-",
                "<&- >&-",
                "<&- 2>&-",
                ">&- 2>&-",
                "<&- >&- 2>&-",
                "</dev/null >/dev/null",
                "</dev/zero",
                "2>&1",
                "<>/dev/null >&0 2>&0",
            })
    void stdioInsideIsThatOutside(String redirections) throws Exception {
        String script =
                "for n in 0 1 2; do if readlink /proc/self/fd/$n >/dev/null; then x=open; else"
                        + " x=closed; fi; echo $n $x $(stat -L -c '%F' /dev/fd/$n 2>/dev/null)"
                        + " >>\"$0\"; done";
        Path outside = temporary.resolve("outside");
        Path inside = Files.createDirectory(temporary.resolve("shared")).resolve("inside");
        TestCommand shell = TestCommand.outside("sh", "-c", "exec \"$@\" " + redirections, "sh");
        shell.and("/bin/busybox", "sh", "-c", script, outside.toString()).run();
        Outcome started =
                shell.and(sandboxes.plinth("run", "--platform", platform.name()).words())
                        .and("--mount", inside.getParent() + ":" + "/mnt:rw")
                        .and("--detach", "--id", "a", "--")
                        .and("/bin/busybox", "sh", "-c", script, "/mnt/inside")
                        .run();
        assertEquals(0, started.status(), started::toString);
        assertEquals(0, sandboxes.plinth("wait", "a").run().status());
        assertEquals(Files.readString(outside), Files.readString(inside));
    }

    @Test
    void pipesAndFilesCarryWhatTheProgramWritesAfterTheLauncherHasGone() throws Exception {
        Path file = temporary.resolve("file");
        Outcome piped =
                TestCommand.outside(
                                "sh",
                                "-c",
                                "{ echo in; sleep 0.5; echo put; } | \"$@\" | cat",
                                "sh")
                        .and(
                                sandboxes
                                        .detach(
                                                "a",
                                                "/bin/busybox",
                                                "sh",
                                                "-c",
                                                "while read x; do echo got $x; done")
                                        .words())
                        .run();
        assertEquals("got in\ngot put\n", piped.requireSuccess());
        TestCommand.outside("sh", "-c", "\"$@\" >" + file, "sh")
                .and(
                        sandboxes
                                .detach("b", "/bin/busybox", "sh", "-c", "sleep 0.3; echo late")
                                .words())
                .run()
                .requireSuccess();
        assertEquals(0, sandboxes.plinth("wait", "b").run().status());
        assertEquals("late\n", Files.readString(file));
    }

    @Test
    void aTerminalIsATerminalInside() throws Exception {
        Path typescript = temporary.resolve("typescript");
        Outcome outcome =
                TestCommand.outside("script", "-qec")
                        .and(
                                String.join(" ", sandboxes.plinth().words())
                                        + " run --platform "
                                        + platform
                                        + " --detach --id a -- /bin/busybox sh -c 'test -t 0 &&"
                                        + " test -t 1 && stty sane && sleep 1 && echo end'; "
                                        + String.join(" ", sandboxes.plinth().words())
                                        + " wait a",
                                typescript.toString())
                        .run();
        assertEquals(0, outcome.status(), outcome::toString);
        assertTrue(outcome.output().matches("end\\s+"), outcome::toString);
    }

    @Test
    void runsFurtherPrograms() throws IOException {
        sandboxes.start("a", "cd /tmp; " + IDLE);
        Path input = Files.writeString(temporary.resolve("input"), "from outside\n");
        Outcome outcome =
                sandboxes
                        .plinth("exec", "a", "--", "/bin/busybox", "sh", "-c")
                        .and("cat; pwd; echo $PPID; echo wrong >&2; exit 3")
                        .reading(input)
                        .run();
        assertEquals(
                "status 3\noutput: from outside\n/tmp\n0\n\nerrors: wrong\n", outcome.toString());
        assertEquals(
                "1000 1001\n/etc\nv\n",
                sandboxes.ask(
                        "exec",
                        "--user",
                        "1000:1001",
                        "--cwd",
                        "/etc",
                        "--env",
                        "X=v",
                        "a",
                        "/bin/busybox",
                        "sh",
                        "-c",
                        "echo $(id -u) $(id -g); pwd; echo $X"));
        String pid = sandboxes.ask("exec", "--detach", "a", "/bin/busybox", "sleep", "77").strip();
        assertTrue(sandboxes.ask("ps", "a").contains("/bin/busybox sleep 77"));
        sandboxes.ask("kill", "--pid", pid, "a", "KILL");
        sandboxes.plinth("kill", "--pid", "12345", "a").run().assertRefused(1, "no process 12345");
        sandboxes
                .plinth("exec", "a", "--", "/nonexistent")
                .run()
                .assertRefused(127, "/nonexistent");
        sandboxes.plinth("exec", "a", "--", "/etc/passwd").run().assertRefused(126, "/etc/passwd");
        sandboxes
                .plinth("exec", "--cwd", "/nonexistent", "a", "--", "/bin/true")
                .run()
                .assertRefused(125, "working directory");
        assertEquals("running", sandboxes.status("a"));
    }

    @Test
    void aShellBesideHasTheTerminalToItself() {
        sandboxes.start("a", IDLE);
        Path script = temporary.resolve("typescript");
        Outcome outcome =
                TestCommand.outside("sh", "-c")
                        .and(
                                "{ sleep 2; printf 'sleep 0.1 & wait; echo $((40+2))\\nexit 6\\n';"
                                        + " sleep 1; } | script -qec '"
                                        + String.join(" ", sandboxes.plinth().words())
                                        + " exec a -- /bin/bash --norc -i' "
                                        + script)
                        .run();
        assertEquals(6, outcome.status(), outcome::toString);
        assertTrue(outcome.output().contains("42"), outcome::toString);
        assertFalse(outcome.output().contains("job control"), outcome::toString);
    }

    @Test
    void whatRunsBesideGoesAlongIntoAnImage() {
        sandboxes.start("a", IDLE);
        sandboxes.ask(
                "exec", "--detach", "a", "/bin/busybox", "sh", "-c", "sleep 3; exec sleep 88");
        String image = temporary.resolve("image").toString();
        sandboxes.ask("checkpoint", "--image-path", image, "a");
        sandboxes.ask(
                "restore",
                "--platform",
                platform.name(),
                "--detach",
                "--id",
                "b",
                "--image-path",
                image);
        assertTrue(sandboxes.ask("ps", "b").contains("exec sleep 88"), sandboxes.ask("ps", "b"));
        sandboxes.ask("kill", "b");
        assertEquals(9, sandboxes.plinth("wait", "b").run().status());
    }

    @Test
    void aProgramMayAskForItsImage() throws IOException {
        Path images = Files.createDirectory(temporary.resolve("images"));
        String ask =
                "echo checkpoint mine >/proc/plinth/checkpoint; read what rest"
                        + " </proc/plinth/checkpoint; echo $what";
        assertEquals(
                "original\n",
                sandboxes
                        .plinth("run", "--platform", platform.name())
                        .and("--checkpoints", images.toString(), "--")
                        .and("/bin/busybox", "sh", "-c", ask)
                        .run()
                        .requireSuccess());
        assertEquals(
                "restored\n",
                sandboxes
                        .plinth("restore", "--platform", platform.name())
                        .and("--image-path", images.resolve("mine").toString())
                        .run()
                        .requireSuccess());
    }

    @Test
    void whatRunsBesideEndsWithTheFirst() throws Exception {
        sandboxes.start("a", IDLE);
        Process beside =
                sandboxes
                        .plinth("exec", "a", "--", "/bin/busybox", "sleep", "1000")
                        .start(temporary.resolve("out"), temporary.resolve("err"));
        Registered.await("exec", () -> sandboxes.ask("ps", "a").contains("sleep 1000"));
        sandboxes.ask("kill", "a");
        assertEquals(128 + 9, beside.waitFor());
        assertEquals(9, sandboxes.plinth("wait", "a").run().status());
        sandboxes.plinth("exec", "a", "--", "/bin/true").run().assertRefused(125, "does not run");
    }

    @Test
    void signalsGoOnToWhatRunsBeside() throws Exception {
        sandboxes.start("a", IDLE);
        Process beside =
                sandboxes
                        .plinth("exec", "a", "--", "/bin/busybox", "sh", "-c")
                        .and("trap 'exit 44' TERM; echo ready; while :; do sleep 0.1; done")
                        .start(temporary.resolve("out"), temporary.resolve("err"));
        Registered.await("ready", () -> readsReady(temporary.resolve("out")));
        new ProcessBuilder("kill", "-TERM", Long.toString(beside.pid())).start().waitFor();
        assertEquals(44, beside.waitFor());
        assertEquals("running", sandboxes.status("a"));
    }

    private static boolean readsReady(Path file) {
        try {
            return Files.readString(file).contains("ready");
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void standsStillAndGoesOn() throws Exception {
        Path file = temporary.resolve("file");
        TestCommand.outside("sh", "-c", "\"$@\" >" + file, "sh")
                .and(
                        sandboxes
                                .detach(
                                        "a",
                                        "/bin/busybox",
                                        "sh",
                                        "-c",
                                        "while :; do echo x; sleep 0.02; done")
                                .words())
                .run()
                .requireSuccess();
        sandboxes.ask("pause", "a");
        assertEquals("paused", sandboxes.status("a"));
        long size = Files.size(file);
        Thread.sleep(300);
        assertEquals(size, Files.size(file));
        sandboxes.plinth("pause", "a").run().assertRefused(1, "paused already");
        sandboxes.plinth("exec", "a", "/bin/true").run().assertRefused(125, "paused");
        assertTrue(sandboxes.ask("ps", "a").contains("/bin/busybox"));
        sandboxes.ask("resume", "a");
        assertEquals("running", sandboxes.status("a"));
        sandboxes.plinth("resume", "a").run().assertRefused(1, "not paused");
        Registered.await("more output", () -> file.toFile().length() > size);
        sandboxes.ask("pause", "a");
        sandboxes.ask("delete", "--force", "a");
    }

    @Test
    void tellsWhatHappens() throws Exception {
        sandboxes.start("a", IDLE);
        Path out = temporary.resolve("out");
        Process events =
                sandboxes
                        .plinth("events", "--interval", "0.1", "--format", "json", "a")
                        .start(out, temporary.resolve("err"));
        Registered.await("usage", () -> countOf(out, "\"type\":\"usage\"") >= 3);
        sandboxes.ask("exec", "a", "/bin/busybox", "true");
        sandboxes.ask("pause", "a");
        sandboxes.ask("resume", "a");
        sandboxes.ask("kill", "a");
        assertEquals(0, events.waitFor());
        for (String type : List.of("exec", "pause", "resume", "exit")) {
            assertEquals(1, countOf(out, "\"type\":\"" + type + "\""), type);
        }
        assertTrue(Files.readString(out).strip().endsWith("\"data\":{\"exit_status\":9}}"));
    }

    @Test
    void tellsNothingToNobody() throws Exception {
        sandboxes.start("a", IDLE);
        String events =
                String.join(" ", sandboxes.plinth("events", "--interval", "0", "a").words());
        Outcome outcome =
                TestCommand.outside(
                                "/bin/bash", "-c", events + " | head -n 1; echo ${PIPESTATUS[0]}")
                        .run();
        String told = outcome.requireSuccess();
        assertTrue(told.contains("  usage  ") && told.endsWith("\n0\n"), told);
    }

    private static long countOf(Path file, String word) {
        try (var lines = Files.lines(file)) {
            return lines.filter(line -> line.contains(word)).count();
        } catch (IOException e) {
            return 0;
        }
    }

    @Test
    void aSandboxThatIsKilledWhileItIsPausedKeepsItsStatus() {
        sandboxes.start("a", IDLE);
        sandboxes.ask("pause", "a");
        sandboxes.ask("kill", "a", "KILL");
        sandboxes.ask("resume", "a");
        assertEquals(128 + 9, sandboxes.plinth("wait", "a").run().status());
        assertEquals("stopped", sandboxes.status("a"));
        assertEquals(128 + 9, sandboxes.plinth("wait", "a").run().status());
    }

    @Test
    void garbageOnTheSocketHarmsNobody() throws IOException {
        sandboxes.start("a", IDLE);
        Path socket = sandboxes.root().resolve("a/control.sock");
        for (String garbage :
                List.of("", "x", "\0\0\0\2{}", "\177\377\377\377", "GET / HTTP/1.1\n")) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                channel.write(ByteBuffer.wrap(garbage.getBytes(UTF_8)));
            }
        }
        assertTrue(sandboxes.ask("ps", "a").contains("busybox"));
        sandboxes.ask("kill", "a");
        assertEquals(9, sandboxes.plinth("wait", "a").run().status());
    }

    @Test
    void valuesThatMakeNoSenseAreRefused() throws IOException {
        sandboxes.start("a", IDLE);
        Path socket = sandboxes.root().resolve("a/control.sock");
        for (String request :
                List.of(
                        request("checkpoint", "'image':'/x\\u0000y','compression':'none'"),
                        request("swap", "'platform':'kvm','plugins':'/\\u0000','devices':[]"),
                        request("exec", "'arguments':['\\u0000'],'environment':[],'stdio':[]"))) {
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                channel.write(ByteBuffer.wrap(request.getBytes(UTF_8)));
                ByteBuffer answer = ByteBuffer.allocate(4096);
                while (channel.read(answer) >= 0) {
                    assertTrue(answer.hasRemaining());
                }
                String text = UTF_8.decode(answer.flip()).toString();
                assertTrue(text.contains("\"error\":\"CONTROL_BROKEN\""), request + text);
            }
        }
        assertTrue(sandboxes.ask("ps", "a").contains("busybox"));
    }

    /** A request of less than 128 bytes. */
    private static String request(String command, String arguments) {
        String request =
                "{'version':1,'command':'%s','arguments':{%s}}"
                        .formatted(command, arguments)
                        .replace('\'', '"');
        return "\0\0\0" + (char) request.length() + request;
    }

    @Test
    void movesToAnotherPlatformByImageAndInPlace() throws Exception {
        Path file = temporary.resolve("file");
        String count = "trap 'exit 5' USR1; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done";
        TestCommand.outside("sh", "-c", "\"$@\" >>" + file, "sh")
                .and(sandboxes.detach("a", "/bin/busybox", "sh", "-c", count).words())
                .run()
                .requireSuccess();
        for (TestPlatform other : TestPlatform.usable().toList()) {
            String told = sandboxes.ask("swap", "--platform", other.name(), "a");
            assertTrue(told.startsWith("a runs on " + other), told);
            assertEquals(other.name(), sandboxes.field("a", "platform"));
        }
        sandboxes.plinth("swap", "--platform", "none", "a").run().assertRefused(1, "named 'none'");
        String image = temporary.resolve("image").toString();
        assertEquals("", sandboxes.ask("checkpoint", "--image-path", image, "a"));
        assertEquals(128 + 9, sandboxes.plinth("wait", "a").run().status());
        sandboxes.ask("delete", "a");
        TestPlatform other = TestPlatform.usable().toList().reversed().getFirst();
        Outcome restored =
                TestCommand.outside("sh", "-c", "\"$@\" >>" + file, "sh")
                        .and(
                                sandboxes
                                        .plinth("restore", "--platform", other.name())
                                        .and("--detach", "--id", "b", "--image-path", image)
                                        .words())
                        .run();
        assertEquals("", restored.requireSuccess());
        assertEquals(other.name(), sandboxes.field("b", "platform"));
        assertEquals(image, sandboxes.field("b", "image"));
        assertEquals("/", sandboxes.field("b", "rootfs"));
        String listed = sandboxes.ask("list");
        assertTrue(listed.contains("/bin/busybox sh -c trap"), listed);
        String[] home = {"/bin/busybox", "sh", "-c", "echo $HOME"};
        assertEquals(
                TestCommand.sandboxed(home).run().requireSuccess(),
                sandboxes.plinth("exec", "b").and(home).run().requireSuccess());
        sandboxes
                .plinth("checkpoint", "--image-path", image, "b")
                .run()
                .assertRefused(1, "there is something at");
        long length = Files.size(file);
        Registered.await("more output", () -> file.toFile().length() > length);
        sandboxes.ask("kill", "b", "USR1");
        assertEquals(5, sandboxes.plinth("wait", "b").run().status());
        List<String> lines = Files.readAllLines(file);
        for (int i = 0; i < lines.size(); i++) {
            assertEquals(Integer.toString(i + 1), lines.get(i));
        }
    }

    @Test
    void anImageCanBeTakenOfWhatRunsOn() {
        sandboxes.start("a", IDLE);
        String image = temporary.resolve("image").toString();
        sandboxes.ask(
                "checkpoint",
                "--leave-running",
                "--compression",
                "zstd",
                "--image-path",
                image,
                "a");
        assertEquals("running", sandboxes.status("a"));
        for (String name : List.of("b", "c")) {
            sandboxes.ask(
                    "restore",
                    "--platform",
                    platform.name(),
                    "--detach",
                    "--id",
                    name,
                    "--image-path",
                    image);
        }
        for (String name : List.of("a", "b", "c")) {
            sandboxes.ask("kill", name);
            assertEquals(9, sandboxes.plinth("wait", name).run().status(), name);
        }
        sandboxes
                .plinth("restore", "--image-path", temporary.resolve("none").toString())
                .run()
                .assertRefused(125, "none");
    }
}
