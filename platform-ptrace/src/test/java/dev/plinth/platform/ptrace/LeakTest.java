package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Nothing that the platform started is left, however it ends. */
@Timeout(120)
class LeakTest {
    @Test
    void aThousandAddressSpacesLeaveNothing() throws InterruptedException {
        try (Guest guest = new Guest()) {
            guest.code("0f05");
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            final int group = HostProcesses.groupOf(guest.pid());
            final int descriptors = descriptors();
            final int threads = threads();
            for (int i = 0; i < 1000; i++) {
                try (AddressSpace space = guest.platform.newAddressSpace();
                        ExecutionContext context = guest.platform.newContext()) {
                    guest.mapCode(space);
                    guest.registers.setRip(Guest.CODE);
                    assertEquals(Trap.SYSTEM_CALL, context.run(space, guest.registers));
                }
            }
            // One process serves all.
            assertTrue(
                    HostProcesses.eventually(() -> HostProcesses.inGroup(group).size() == 3),
                    () -> "the master, the guest, the idle one: " + HostProcesses.inGroup(group));
            assertEquals(descriptors + 1, descriptors());
            assertTrue(threads() <= threads, "more threads than before: " + threads());
        }
    }

    @Test
    void aContextThatMovesThroughManyAddressSpacesLeavesNothing() throws InterruptedException {
        try (Guest guest = new Guest()) {
            guest.code("0f05");
            final int descriptors = descriptors();
            AddressSpace current = guest.platform.newAddressSpace();
            for (int i = 0; i < 100; i++) {
                AddressSpace next = guest.platform.newAddressSpace();
                guest.mapCode(next);
                current.close();
                current = next;
                guest.registers.setRip(Guest.CODE);
                assertEquals(Trap.SYSTEM_CALL, guest.context.run(current, guest.registers));
            }
            current.close();
            guest.context.close();
            int group = HostProcesses.groupOf(guest.pid());
            // Two processes take turns, the one before them is left.
            assertTrue(
                    HostProcesses.eventually(() -> HostProcesses.inGroup(group).size() <= 5),
                    () -> "the master, the guest, idle ones: " + HostProcesses.inGroup(group));
            assertTrue(descriptors() <= descriptors + 3, "descriptors: " + descriptors());
        }
    }

    @Test
    void noMoreThanAFewProcessesIdle() throws InterruptedException {
        try (Guest guest = new Guest()) {
            guest.code("0f05");
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            int group = HostProcesses.groupOf(guest.pid());
            List<AddressSpace> spaces = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                spaces.add(guest.platform.newAddressSpace());
            }
            spaces.forEach(AddressSpace::close);
            assertTrue(
                    HostProcesses.eventually(
                            () -> HostProcesses.inGroup(group).size() == 2 + UsedStubs.MAX),
                    () -> "the master, the guest, idle ones: " + HostProcesses.inGroup(group));
        }
    }

    @Test
    void closingThePlatformLeavesNoProcessAndNoDescriptor() {
        int before = descriptors();
        int threadsBefore = threads();
        int group;
        try (Guest guest = new Guest()) {
            guest.code("0f05");
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            group = HostProcesses.groupOf(guest.pid());
        }
        assertEquals(List.of(), HostProcesses.inGroup(group));
        assertEquals(before, descriptors());
        assertTrue(threads() <= threadsBefore);
    }

    @Test
    void theCpusOfAThreadAreWhatTheyWereBefore() {
        String before = allowedCpus();
        try (Guest guest = new Guest()) {
            guest.code("0f05");
            assertEquals(Trap.SYSTEM_CALL, guest.run());
        }
        assertEquals(before, allowedCpus());
    }

    @Test
    void aJvmThatIsKilledAtAnyMomentLeavesNoStub() throws IOException, InterruptedException {
        for (int delay = 0; delay < 8; delay++) {
            Process jvm = startGuestJvm("spin");
            try (BufferedReader output = jvm.inputReader(StandardCharsets.US_ASCII)) {
                // "starting" is printed before the platform is created, so that later rounds hit
                // each of its steps; a last one hits a guest that spins.
                assertEquals("starting", output.readLine());
                if (delay == 7) {
                    assertEquals("running", output.readLine());
                }
                Thread.sleep(delay * 15L);
            } finally {
                jvm.destroyForcibly();
                assertTrue(jvm.waitFor(10, TimeUnit.SECONDS));
            }
            assertTrue(
                    HostProcesses.eventually(() -> HostProcesses.orphanedStubs().isEmpty()),
                    () -> "left behind: " + HostProcesses.orphanedStubs());
        }
    }

    @Test
    void aJvmThatExitsWithoutClosingLeavesNoStub() throws IOException, InterruptedException {
        Process jvm = startGuestJvm("exit");
        assertTrue(jvm.waitFor(30, TimeUnit.SECONDS));
        assertEquals(7, jvm.exitValue());
        assertTrue(
                HostProcesses.eventually(() -> HostProcesses.orphanedStubs().isEmpty()),
                () -> "left behind: " + HostProcesses.orphanedStubs());
    }

    private static Process startGuestJvm(String mode) throws IOException {
        return new ProcessBuilder(
                        ProcessHandle.current().info().command().orElseThrow(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty(
                                "surefire.test.class.path", System.getProperty("java.class.path")),
                        GuestJvm.class.getName(),
                        mode)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
    }

    private static int descriptors() {
        return HostProcesses.list("/proc/self/fd").size();
    }

    private static int threads() {
        return HostProcesses.list("/proc/self/task").size();
    }

    private static String allowedCpus() {
        return HostProcesses.read("/proc/thread-self/status")
                .lines()
                .filter(line -> line.startsWith("Cpus_allowed_list"))
                .findFirst()
                .orElseThrow();
    }

    /** A JVM of its own, with two guest threads in one process and one in another. */
    static final class GuestJvm {
        private GuestJvm() {}

        public static void main(String[] arguments) throws InterruptedException {
            System.out.println("starting");
            Guest guest = new Guest();
            guest.code("ebfe"); // jmp $
            Thread second = new Thread(() -> spin(guest, guest.space));
            second.start();
            AddressSpace another = guest.platform.newAddressSpace();
            guest.mapCode(another);
            Thread third = new Thread(() -> spin(guest, another));
            third.start();
            Thread.sleep(50);
            System.out.println("running");
            if (arguments[0].equals("exit")) {
                System.exit(7);
            }
            guest.run();
        }

        private static void spin(Guest guest, AddressSpace space) {
            Registers registers = new Registers();
            registers.setRip(Guest.CODE);
            try (ExecutionContext context = guest.platform.newContext()) {
                context.run(space, registers);
            }
        }
    }
}
