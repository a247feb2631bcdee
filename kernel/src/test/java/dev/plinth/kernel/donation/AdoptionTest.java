package dev.plinth.kernel.donation;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostFd;
import dev.plinth.api.host.HostKernel;
import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

final class AdoptionTest {
    private static final long SYS_OPEN = 2;
    private static final long SYS_SOCKET = 41;
    private static final long SYS_DUP3 = 292;
    private static final long O_RDWR_CLOEXEC = 2 | 02000000;
    private static final long O_RDONLY_CLOEXEC = 02000000;
    private static final long AF_UNIX = 1;
    private static final long SOCK_STREAM_CLOEXEC = 1 | 02000000;

    private final HostKernel host = new JnaHostKernel();
    private final Descriptors descriptors = new Descriptors(host);
    private final List<HostFd> placed = new ArrayList<>();

    @AfterEach
    void closeWhatIsLeft() {
        placed.forEach(HostFd::close);
    }

    private static DeviceDeclaration device(String name, boolean required) {
        return new DeviceDeclaration(
                FdRole.device(name),
                "/dev/" + name,
                DeviceDeclaration.OpenMode.READ_WRITE,
                required);
    }

    /** Lets a file be open at a number, as a launcher would. */
    private void place(int number, String path, long flags) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path).address();
            move((int) host.require("open", SYS_OPEN, name, flags), number);
        }
    }

    private void placeSocket(int number) {
        move((int) host.require("socket", SYS_SOCKET, AF_UNIX, SOCK_STREAM_CLOEXEC, 0), number);
    }

    private void move(int from, int number) {
        try (HostFd fd = new HostFd(host, from)) {
            host.require("dup3", SYS_DUP3, fd.number(), number, 0);
        }
        // Nobody else uses these numbers; closing one twice is harmless here.
        placed.add(new HostFd(host, number));
    }

    private DonatedDescriptors adopt(String manifest, DeviceDeclaration... devices) {
        return new Adoption(host).adopt(List.of(devices), DonationManifest.parse(manifest));
    }

    private void assertBroken(String manifest, String word, DeviceDeclaration... devices) {
        SandboxException e = assertThrows(SandboxException.class, () -> adopt(manifest, devices));
        assertEquals(ErrorCode.DONATION_BROKEN, e.code());
        assertTrue(e.getMessage().contains(word), e.getMessage());
    }

    @Test
    void whatIsAsItIsSaidToBeIsAdoptedByRole() {
        place(200, "/dev/null", O_RDONLY_CLOEXEC);
        place(203, "/dev/zero", O_RDWR_CLOEXEC);
        placeSocket(204);
        place(205, "/dev/null", O_RDWR_CLOEXEC);
        try (DonatedDescriptors adopted =
                adopt("200=stdio/0,203=device/zero,204=control,205=log", device("zero", true))) {
            assertEquals(200, adopted.find(FdRole.STDIN).orElseThrow().number());
            assertEquals(203, adopted.find(FdRole.device("zero")).orElseThrow().number());
            assertEquals(204, adopted.find(FdRole.CONTROL).orElseThrow().number());
            assertTrue(adopted.find(FdRole.STDOUT).isEmpty());
        }
        assertFalse(descriptors.isOpen(203));
    }

    @Test
    void whatNobodyNamedIsClosed() {
        place(200, "/dev/null", O_RDONLY_CLOEXEC);
        place(217, "/dev/null", O_RDONLY_CLOEXEC);
        place(255, "/dev/null", O_RDONLY_CLOEXEC);
        try (DonatedDescriptors adopted = adopt("200=stdio/0")) {
            assertTrue(adopted.find(FdRole.STDIN).isPresent());
            assertTrue(descriptors.isOpen(200));
            assertFalse(descriptors.isOpen(217));
            assertFalse(descriptors.isOpen(255));
        }
    }

    @Test
    void aDescriptorThatIsNotOpenIsRefused() {
        assertBroken("201=stdio/1", "stdio/1 is not open at 201");
    }

    @Test
    void aDescriptorOutOfPlaceIsRefused() {
        place(210, "/dev/null", O_RDWR_CLOEXEC);
        assertBroken("210=stdio/1", "stdio/1 does not belong at 210");
        place(200, "/dev/null", O_RDWR_CLOEXEC);
        assertBroken("200=log", "log does not belong at 200");
    }

    @Test
    void aDeviceThatIsAnotherIsRefused() {
        place(203, "/dev/null", O_RDWR_CLOEXEC);
        assertBroken("203=device/zero", "is not /dev/zero", device("zero", true));
        assertFalse(descriptors.isOpen(203));
    }

    @Test
    void aDeviceThatIsAFileIsRefused() {
        place(203, "/proc/self/exe", O_RDONLY_CLOEXEC);
        assertBroken("203=device/zero", "is no character device", device("zero", true));
    }

    @Test
    void aDeviceThatIsNeededAndMissingIsRefused() {
        assertBroken("", "device/zero is needed", device("zero", true));
        adopt("", device("zero", false)).close();
    }

    @Test
    void aControlSocketThatIsNoneIsRefused() {
        place(203, "/dev/null", O_RDWR_CLOEXEC);
        assertBroken("203=control", "control is no socket");
    }

    @Test
    void aLauncherPipeThatIsNoneIsRefused() {
        place(203, "/dev/null", O_RDWR_CLOEXEC);
        assertBroken("203=launcher", "launcher is no pipe");
    }

    @Test
    void aLogThatCannotBeWrittenIsRefused() {
        place(203, "/dev/null", O_RDONLY_CLOEXEC);
        assertBroken("203=log", "log cannot be written");
    }

    @Test
    void devicesOfAnotherPlatformAreLookedAtToo() {
        place(230, "/dev/zero", O_RDWR_CLOEXEC);
        Adoption adoption = new Adoption(host);
        FdRole role = FdRole.device("zero");
        try (DonatedDescriptors devices =
                adoption.adoptDevices(
                        List.of(device("zero", true)), Map.of(role, new HostFd(host, 230)))) {
            assertEquals(230, devices.find(role).orElseThrow().number());
        }
        place(231, "/dev/null", O_RDWR_CLOEXEC);
        HostFd wrong = new HostFd(host, 231);
        assertThrows(
                SandboxException.class,
                () -> adoption.adoptDevices(List.of(device("zero", true)), Map.of(role, wrong)));
        assertFalse(wrong.isOpen());
        assertThrows(
                SandboxException.class,
                () -> adoption.adoptDevices(List.of(device("zero", true)), Map.of()));
    }
}
