package dev.plinth.cli.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;

import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;

@Timeout(30)
final class StateRootTest {
    /** A process that cannot be: this one's number, with another beginning. */
    private static final HostProcess GONE =
            new HostProcess(HostProcess.current().pid(), HostProcess.current().startTicks() + 1);

    @TempDir private Path temporary;
    private StateRoot root;

    @BeforeEach
    void makeRoot() {
        root = new StateRoot(temporary.resolve("deep/root"));
    }

    private static SandboxState state(String id, HostProcess process) {
        return new SandboxState(
                id,
                SandboxState.Status.RUNNING,
                process,
                "ptrace",
                Instant.parse("2030-01-02T03:04:05.678Z"),
                "/",
                List.of("/bin/sh", "-c", "exit"),
                Optional.empty(),
                OptionalInt.empty());
    }

    private static SandboxState mine(String id) {
        return state(id, HostProcess.current());
    }

    private static void assertRefused(ErrorCode code, Executable action) {
        assertEquals(code, assertThrows(SandboxException.class, action).code());
    }

    private List<String> entries() throws IOException {
        try (Stream<Path> files = Files.list(root.path())) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> !name.equals(".lock"))
                    .sorted()
                    .toList();
        }
    }

    @Test
    void aSandboxThatSaysHowItEndsAndIsGoneHasSaidIt() throws Exception {
        SandboxDirectory directory = root.create(mine("a"));
        Path said = temporary.resolve("said");
        for (int i = 0; i < 100; i++) {
            Process process =
                    new ProcessBuilder(
                                    "sh",
                                    "-c",
                                    "read go; exec mv \"$0\" \"$1\"",
                                    said.toString(),
                                    directory.path().resolve(SandboxDirectory.STATE).toString())
                            .start();
            SandboxState running = state("a", HostProcess.of(process.pid()));
            SandboxState ended = running.stopped(OptionalInt.of(9));
            SandboxDirectory.write(directory.path(), running);
            Files.writeString(said, ended.toMessage().json());
            process.outputWriter().close();
            SandboxState seen = directory.state();
            while (seen.equals(running)) {
                seen = directory.state();
            }
            assertEquals(ended, seen);
            process.waitFor();
        }
    }

    @Test
    void whatIsRegisteredIsFound() throws IOException {
        assertEquals(List.of(), root.list());
        SandboxDirectory directory = root.create(mine("a"));
        assertEquals(mine("a"), directory.state());
        assertEquals(mine("a"), root.open("a").state());
        assertEquals(List.of(new RegisteredEntry.Sandbox(mine("a"))), root.list());
        for (Path path : List.of(root.path(), directory.path())) {
            assertEquals(
                    "rwx------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(path)));
        }
    }

    @Test
    void everyStateIsReadAsItWasWritten() {
        SandboxDirectory directory = root.create(mine("a"));
        for (SandboxState.Status status : SandboxState.Status.values()) {
            directory.write(mine("a").with(status));
            assertEquals(mine("a").with(status), directory.state());
        }
        directory.write(mine("a").stopped(OptionalInt.of(255)).onPlatform("kvm"));
        assertEquals(OptionalInt.of(255), directory.state().exitStatus());
        assertEquals("kvm", directory.state().platform());
    }

    @Test
    void theProcessIsShownAsLongAsItIsThere() {
        assertTrue(mine("a").shown().has("pid"));
        SandboxState stopped = mine("a").stopped(OptionalInt.of(3));
        assertFalse(stopped.shown().has("pid"));
        assertFalse(stopped.shown().has("pid_start"));
        SandboxDirectory directory = root.create(stopped);
        assertEquals(stopped, directory.state());
    }

    @Test
    void aNameThatIsTakenIsRefused() {
        root.create(mine("a"));
        assertRefused(ErrorCode.SANDBOX_EXISTS, () -> root.create(mine("a")));
        root.create(state("b", GONE));
        assertRefused(ErrorCode.SANDBOX_EXISTS, () -> root.create(mine("b")));
    }

    @Test
    void aSandboxWhoseProcessIsGoneHasStopped() {
        SandboxDirectory directory = root.create(state("a", GONE));
        assertEquals(SandboxState.Status.STOPPED, directory.state().status());
        assertTrue(directory.state().exitStatus().isEmpty());
        root.delete(directory);
        assertRefused(ErrorCode.SANDBOX_UNKNOWN, () -> root.open("a"));
        assertRefused(ErrorCode.SANDBOX_UNKNOWN, directory::state);
        assertRefused(ErrorCode.SANDBOX_UNKNOWN, () -> root.delete(directory));
    }

    @Test
    void aZombieDoesNotLive() throws IOException, InterruptedException {
        // Its parent is the JVM, which waits for it as soon as it ends: ask while it lives.
        Process process = new ProcessBuilder("/bin/sh", "-c", "read line").start();
        HostProcess host = new HostProcess(process.pid(), startOf(process.pid()));
        assertTrue(host.isAlive());
        process.getOutputStream().close();
        process.waitFor();
        assertFalse(host.isAlive());
    }

    private static long startOf(long pid) throws IOException {
        String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
        return Long.parseLong(stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1)[19]);
    }

    @Test
    void anotherProcessThatLivesIsNotForgotten() throws IOException {
        SandboxDirectory directory = root.create(state("a", new HostProcess(1, startOf(1))));
        assertRefused(ErrorCode.SANDBOX_RUNNING, () -> root.delete(directory));
        directory.write(directory.state().stopped(OptionalInt.of(0)));
        root.delete(directory);
        assertEquals(List.of(), root.list());
    }

    @Test
    void ofManyWhoWantANameOneGetsIt() throws Exception {
        for (int round = 0; round < 20; round++) {
            int threads = 8;
            CyclicBarrier barrier = new CyclicBarrier(threads);
            List<Boolean> won =
                    inParallel(
                            threads,
                            () -> {
                                barrier.await();
                                try {
                                    root.create(mine("a"));
                                    return true;
                                } catch (SandboxException e) {
                                    assertEquals(ErrorCode.SANDBOX_EXISTS, e.code());
                                    return false;
                                }
                            });
            assertEquals(1, won.stream().filter(each -> each).count());
            assertEquals(List.of("a"), entries());
            root.delete(root.open("a"));
        }
        assertEquals(List.of(), entries());
    }

    @Test
    void readersNeverSeeHalfASandbox() throws Exception {
        int threads = 4;
        inParallel(
                threads,
                () -> {
                    for (int i = 0; i < 100; i++) {
                        String id = "s" + i % 5;
                        try {
                            SandboxDirectory directory = root.create(mine(id));
                            directory.write(mine(id).with(SandboxState.Status.PAUSED));
                            root.delete(directory);
                        } catch (SandboxException e) {
                            assertTrue(
                                    e.code() == ErrorCode.SANDBOX_EXISTS
                                            || e.code() == ErrorCode.SANDBOX_UNKNOWN
                                            || e.code() == ErrorCode.STATE_DIRECTORY_UNUSABLE,
                                    e::toString);
                        }
                        for (RegisteredEntry entry : root.list()) {
                            assertInstanceOf(RegisteredEntry.Sandbox.class, entry);
                        }
                    }
                    return true;
                });
        root.list().forEach(entry -> root.delete(root.open(entry.id())));
        assertEquals(List.of(), entries());
    }

    private static <T> List<T> inParallel(int threads, Callable<T> action) throws Exception {
        List<T> results = new ArrayList<>();
        try (ExecutorService executor = Executors.newFixedThreadPool(threads)) {
            List<Future<T>> futures = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                futures.add(executor.submit(action));
            }
            for (Future<T> future : futures) {
                results.add(future.get());
            }
        }
        return results;
    }

    @Test
    void whatSomebodyBeganAndWasKilledOverIsSwept() throws IOException {
        root.create(mine("a"));
        Files.createDirectory(root.path().resolve(".new-123"));
        Files.writeString(root.path().resolve(".new-123/.state.json.new"), "{");
        Files.createDirectory(root.path().resolve(".gone-b"));
        assertEquals(1, root.list().size());
        root.create(mine("b"));
        assertEquals(List.of("a", "b"), entries());
    }

    @Test
    void aStateThatIsDamagedIsToldAndLeavesTheOthersAlone() throws IOException {
        root.create(mine("b"));
        SandboxDirectory directory = root.create(mine("a"));
        Path file = directory.path().resolve(SandboxDirectory.STATE);
        String another = Files.readString(file).replace("\"a\"", "\"c\"");
        for (String damage : List.of("", "{}", "x", "{\"version\":99}", another)) {
            Files.writeString(file, damage);
            assertDamaged(directory);
        }
        Files.delete(file);
        assertDamaged(directory);
        root.deleteDamaged(directory);
        assertEquals(List.of("b"), entries());
        assertRefused(ErrorCode.SANDBOX_UNKNOWN, () -> root.deleteDamaged(directory));
        root.create(mine("a"));
    }

    private void assertDamaged(SandboxDirectory directory) {
        assertRefused(ErrorCode.STATE_DIRECTORY_UNUSABLE, directory::state);
        assertRefused(ErrorCode.STATE_DIRECTORY_UNUSABLE, () -> root.delete(directory));
        SandboxException taken =
                assertThrows(SandboxException.class, () -> root.create(mine(directory.id())));
        assertEquals(ErrorCode.SANDBOX_EXISTS, taken.code());
        assertTrue(taken.remedy().contains("delete --force"), taken.remedy());
        List<RegisteredEntry> listed = root.list();
        assertEquals(List.of("a", "b"), listed.stream().map(RegisteredEntry::id).toList());
        assertInstanceOf(RegisteredEntry.Damaged.class, listed.get(0));
        assertInstanceOf(RegisteredEntry.Sandbox.class, listed.get(1));
    }

    @Test
    void whatIsNotDamagedIsNotRemovedAsIfItWere() {
        SandboxDirectory directory = root.create(mine("a"));
        assertRefused(ErrorCode.SANDBOX_EXISTS, () -> root.deleteDamaged(directory));
        assertEquals(mine("a"), directory.state());
    }

    @Test
    void onlyAnEntryOfOnesOwnIsWithdrawn() throws IOException {
        SandboxState own = mine("a");
        root.deleteOwn(own);
        SandboxDirectory directory = root.create(own);
        directory.write(own.with(SandboxState.Status.RUNNING).onPlatform("kvm"));
        root.deleteOwn(own);
        assertEquals(List.of(), entries());
        // Its name was given back, and taken by others since.
        for (HostProcess other : List.of(GONE, HostProcess.current())) {
            SandboxDirectory taken = root.create(laterThan(own, other));
            root.deleteOwn(own);
            assertEquals(List.of("a"), entries());
            root.delete(taken);
        }
        root.create(own.with(new HostProcess(1, startOf(1))));
        root.deleteOwn(own);
        assertEquals(List.of("a"), entries());
    }

    private static SandboxState laterThan(SandboxState state, HostProcess process) {
        return new SandboxState(
                state.id(),
                state.status(),
                process,
                state.platform(),
                state.created().plusNanos(1),
                state.rootfs(),
                state.program(),
                state.image(),
                state.exitStatus());
    }

    @Test
    void aRootThatOthersMayWriteToIsNotBelieved() throws IOException {
        SandboxDirectory directory = root.create(mine("a"));
        for (String mode : List.of("rwxrwx---", "rwx---rwx", "rwxrwxrwx")) {
            Files.setPosixFilePermissions(root.path(), PosixFilePermissions.fromString(mode));
            assertNotBelieved("chmod go-w");
        }
        Files.setPosixFilePermissions(root.path(), PosixFilePermissions.fromString("rwxr-xr-x"));
        assertEquals(mine("a"), root.open("a").state());
        Files.setPosixFilePermissions(
                directory.path(), PosixFilePermissions.fromString("rwx-w----"));
        assertInstanceOf(RegisteredEntry.Damaged.class, root.list().getFirst());
        assertRefused(ErrorCode.STATE_DIRECTORY_UNUSABLE, directory::state);
    }

    @Test
    void aRootThatIsALinkIsNotBelieved() throws IOException {
        root.create(mine("a"));
        Path link = Files.createSymbolicLink(temporary.resolve("link"), root.path());
        root = new StateRoot(link);
        assertNotBelieved("the directory that it leads to");
        root = new StateRoot(Files.createSymbolicLink(temporary.resolve("l2"), Path.of("none")));
        assertNotBelieved("the directory that it leads to");
    }

    @Test
    void aRootOfAnotherUserIsNotBelieved() throws IOException {
        Assumptions.assumeTrue(OwnDirectory.currentUser() == 0, "only root can give files away");
        SandboxDirectory directory = root.create(mine("a"));
        Files.setAttribute(directory.path(), "unix:uid", 65534);
        assertInstanceOf(RegisteredEntry.Damaged.class, root.list().getFirst());
        assertRefused(ErrorCode.STATE_DIRECTORY_UNUSABLE, directory::state);
        Files.setAttribute(root.path(), "unix:uid", 65534);
        assertNotBelieved("--root DIR");
    }

    private void assertNotBelieved(String remedy) {
        List<Executable> actions =
                List.of(root::list, () -> root.open("a"), () -> root.create(mine("b")));
        for (Executable action : actions) {
            SandboxException refusal = assertThrows(SandboxException.class, action);
            assertEquals(ErrorCode.STATE_DIRECTORY_UNUSABLE, refusal.code());
            assertTrue(refusal.remedy().contains(remedy), refusal.remedy());
        }
    }

    @Test
    void namesAreShortAndHarmless() {
        for (String id : List.of("a", "A-1_x.y", "0", "x".repeat(64))) {
            assertTrue(StateRoot.problemOf(id).isEmpty(), id);
        }
        for (String id :
                List.of("", ".", "..", "../a", "a/b", "-a", ".a", "ä", "a b", "x".repeat(65))) {
            assertTrue(StateRoot.problemOf(id).isPresent(), id);
            assertRefused(ErrorCode.SANDBOX_UNKNOWN, () -> root.open(id));
        }
    }

    @Test
    void aDirectoryThatCannotBeUsedIsTold() throws IOException {
        Path file = Files.createFile(temporary.resolve("file"));
        assertRefused(
                ErrorCode.STATE_DIRECTORY_UNUSABLE, () -> new StateRoot(file).create(mine("a")));
        assertRefused(ErrorCode.STATE_DIRECTORY_UNUSABLE, () -> new StateRoot(file).list());
    }

    @Test
    void theDirectoryOfAUserIsTheOneForWhatRuns() {
        Map<String, String> environment = Map.of("XDG_RUNTIME_DIR", "/run/user/7");
        boolean superuser = System.getProperty("user.name").equals("root");
        assertEquals(
                Path.of(superuser ? "/run/plinth" : "/run/user/7/plinth"),
                StateRoot.ofUser(environment).path());
    }
}
