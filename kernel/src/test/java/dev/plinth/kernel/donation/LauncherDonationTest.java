package dev.plinth.kernel.donation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.host.SpawnRequest;
import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

@Timeout(60)
final class LauncherDonationTest {
    private static final long SYS_OPEN = 2;
    private static final long SYS_WAIT4 = 61;
    private static final long O_WRONLY_APPEND_CREAT_CLOEXEC = 1 | 02000 | 0100 | 02000000;
    private static final List<String> PATHS = List.of("/dev/zero", "/dev/full", "/dev/null");

    /** Prints each descriptor of the shell that runs it, with what it is open to. */
    private static final String SHOW =
            "for fd in /proc/$$/fd/*; do printf '%s ' ${fd##*/}; readlink $fd; done >&2";

    /** Where a shell puts a copy of its standard error. */
    private static final int SHELL_OWN = 10;

    private final HostKernel host = new JnaHostKernel();

    @TempDir private Path temporary;

    /**
     * A launch.
     *
     * @param devices how many the platform declares
     * @param log whether there is a debug log
     * @param closed which of stdio are closed
     */
    record Launch(int devices, boolean log, Set<Integer> closed) {
        static Stream<Launch> all() {
            List<Launch> all = new ArrayList<>();
            for (int devices = 0; devices <= PATHS.size(); devices++) {
                for (boolean log : new boolean[] {false, true}) {
                    for (Set<Integer> closed :
                            List.<Set<Integer>>of(
                                    Set.of(), Set.of(0), Set.of(1, 2), Set.of(0, 1, 2))) {
                        all.add(new Launch(devices, log, closed));
                    }
                }
            }
            return all.stream();
        }

        List<DeviceDeclaration> declarations() {
            return PATHS.subList(0, devices).stream()
                    .map(path ->
                            new DeviceDeclaration(
                                    FdRole.device(path.substring("/dev/".length())),
                                    path,
                                    DeviceDeclaration.OpenMode.READ_WRITE,
                                    true))
                    .toList();
        }
    }

    private HostFd file(String name) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(temporary.resolve(name).toString()).address();
            return new HostFd(
                    host,
                    (int)
                            host.require(
                                    "open", SYS_OPEN, path, O_WRONLY_APPEND_CREAT_CLOEXEC, 0600));
        }
    }

    private LauncherDonation collect(Launch launch) {
        SequencedMap<FdRole, HostFd> others = new LinkedHashMap<>();
        others.put(FdRole.CONTROL, file("control"));
        if (launch.log()) {
            others.put(FdRole.LOG, file("log"));
        }
        return LauncherDonation.collect(host, launch.declarations(), launch.closed(), others);
    }

    @ParameterizedTest
    @MethodSource("dev.plinth.kernel.donation.LauncherDonationTest$Launch#all")
    void aSpawnedProcessHasExactlyTheLayout(Launch launch) throws IOException {
        Map<Integer, String> expected = new TreeMap<>();
        try (LauncherDonation donation = collect(launch);
                HostFd shown = file("shown")) {
            for (FdMapping mapping : donation.manifest().mappings()) {
                expected.put(
                        mapping.number(),
                        Files.readSymbolicLink(
                                        Path.of(
                                                "/proc/self/fd",
                                                Integer.toString(
                                                        donation.descriptors()
                                                                .get(mapping.number())
                                                                .number())))
                                .toString());
            }
            Map<Integer, HostFd> descriptors = new TreeMap<>(donation.descriptors());
            descriptors.put(2, shown);
            run(descriptors);
        }
        Map<Integer, String> found = new TreeMap<>();
        for (String line : Files.readAllLines(temporary.resolve("shown"))) {
            int space = line.indexOf(' ');
            int number = Integer.parseInt(line.substring(0, space));
            // What the shell lists descriptors with is closed by now.
            boolean open = space + 1 < line.length();
            if (number > 2 && number != SHELL_OWN && open) {
                found.put(number, line.substring(space + 1));
            }
        }
        assertEquals(expected, found);
        for (int number = 0; number < 3; number++) {
            assertEquals(
                    !launch.closed().contains(number),
                    expected.containsKey(FdLayout.BASE + number),
                    "stdio/" + number);
        }
    }

    private void run(Map<Integer, HostFd> descriptors) {
        int pid =
                host.spawn(
                        new SpawnRequest(
                                "/bin/sh",
                                List.of("sh", "-c", SHOW),
                                List.of("PATH=/usr/bin:/bin"),
                                descriptors,
                                true));
        assertEquals(pid, host.syscall(SYS_WAIT4, pid, 0, 0, 0));
    }

    @Test
    void nothingMovesStdio() {
        for (Launch launch : Launch.all().toList()) {
            try (LauncherDonation donation = collect(launch)) {
                List<FdRole> devices =
                        launch.declarations().stream().map(DeviceDeclaration::role).toList();
                FdLayout layout =
                        FdLayout.of(
                                devices,
                                launch.log()
                                        ? List.of(FdRole.CONTROL, FdRole.LOG)
                                        : List.of(FdRole.CONTROL));
                List<FdMapping> open =
                        layout.mappings().stream()
                                .filter(mapping ->
                                        mapping.number() >= FdLayout.BASE + 3
                                                || !launch.closed()
                                                        .contains(mapping.number() - FdLayout.BASE))
                                .toList();
                assertEquals(open, donation.manifest().mappings());
            }
        }
    }

    @Test
    void aManifestComesBackAsItWent() {
        for (Launch launch : Launch.all().toList()) {
            try (LauncherDonation donation = collect(launch)) {
                DonationManifest manifest = donation.manifest();
                assertEquals(manifest, DonationManifest.parse(manifest.encoded()));
            }
        }
    }

    @Test
    void aManifestThatMakesNoSenseIsRefused() {
        for (String wrong :
                List.of(
                        "200",
                        "200=",
                        "=stdio/0",
                        "199=stdio/0",
                        "256=log",
                        "201=log,200=control",
                        "200=log,200=control",
                        "200=log,201=log",
                        "200=LOG",
                        "x=log",
                        "200=log,")) {
            assertThrows(
                    IllegalArgumentException.class, () -> DonationManifest.parse(wrong), wrong);
        }
    }

    @Test
    void aMissingDeviceIsToldAndNothingStaysOpen() {
        DeviceDeclaration missing =
                new DeviceDeclaration(
                        FdRole.device("none"),
                        "/dev/nonexistent",
                        DeviceDeclaration.OpenMode.READ_WRITE,
                        true);
        HostFd control = file("control");
        SequencedMap<FdRole, HostFd> others = new LinkedHashMap<>();
        others.put(FdRole.CONTROL, control);
        SandboxException e =
                assertThrows(
                        SandboxException.class,
                        () -> LauncherDonation.collect(host, List.of(missing), Set.of(), others));
        assertEquals(ErrorCode.DEVICE_UNUSABLE, e.code());
        assertFalse(control.isOpen());
    }

    @Test
    void anOptionalDeviceThatIsMissingKeepsItsNumber() {
        List<DeviceDeclaration> devices =
                List.of(
                        new DeviceDeclaration(
                                FdRole.device("none"),
                                "/dev/nonexistent",
                                DeviceDeclaration.OpenMode.READ_ONLY,
                                false),
                        new DeviceDeclaration(
                                FdRole.device("null"),
                                "/dev/null",
                                DeviceDeclaration.OpenMode.READ_ONLY,
                                true));
        try (LauncherDonation donation =
                LauncherDonation.collect(host, devices, Set.of(0, 1, 2), new LinkedHashMap<>())) {
            assertEquals("204=device/null", donation.manifest().encoded());
        }
    }
}
