package dev.plinth.kernel.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.host.HostKernel;
import dev.plinth.api.platform.PlatformFactory;
import dev.plinth.api.platform.Trap;
import dev.plinth.kernel.error.ErrorCode;
import dev.plinth.kernel.error.SandboxException;
import dev.plinth.kernel.host.JnaHostKernel;
import dev.plinth.testkit.mock.MockPlatformFactory;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

@Timeout(60)
class FastestPlatformTest {
    private static final HostKernel HOST = new JnaHostKernel();

    private final AtomicLong clock = new AtomicLong();
    private final PlatformMeter meter = new PlatformMeter(HOST, clock::get);
    private final FastestPlatform fastest = new FastestPlatform(HOST, meter);

    private CountingPlatform platform(String name, long nanos) {
        return new CountingPlatform(name, nanos, clock);
    }

    @Test
    void theMedianOfAHundredRoundTripsIsMeasured() {
        CountingPlatform platform = platform("a", 7_040);
        assertEquals(new RoundTrip(7_040), meter.measure(platform));
        assertEquals("7.0 µs", meter.measure(platform).toString());
        assertTrue(platform.runs >= 100, "runs: " + platform.runs);
        assertEquals(0, platform.open, "left open");
    }

    @Test
    void theFastestIsChosenWhereverItStands() {
        CountingPlatform slow = platform("slow", 90_000);
        CountingPlatform fast = platform("fast", 5_000);
        assertSame(fast, fastest.of(List.of(slow, fast)));
        assertSame(fast, fastest.of(List.of(fast, slow)));
        assertEquals(0, slow.open + fast.open, "left open");
    }

    @Test
    void whatIsUnusableIsNeitherMadeNorChosen() {
        CountingPlatform broken = platform("broken", 1).unusable("no such device");
        CountingPlatform good = platform("good", 1_000_000);
        assertSame(good, fastest.of(List.of(broken, good)));
        assertEquals(0, broken.runs);
    }

    @Test
    void whatFailsWhenTriedIsNotChosen() {
        CountingPlatform refusing = platform("refusing", 1).refusing();
        CountingPlatform mad = platform("mad", 1).trapping(new Trap.UnknownExit("MMIO", 6));
        PlatformFactory mock = new MockPlatformFactory();
        CountingPlatform good = platform("good", 1_000_000);
        assertSame(good, fastest.of(List.of(refusing, mad, mock, good)));
        assertEquals(0, refusing.open + mad.open + good.open, "left open");
    }

    @Test
    void whatExecutesNoMachineCodeIsNotMeasured() {
        CountingPlatform emulator = platform("emulator", 1).withoutNativeCode();
        SandboxException e = assertThrows(SandboxException.class, () -> meter.measure(emulator));
        assertEquals(ErrorCode.PLATFORM_UNUSABLE, e.code());
        assertEquals(0, emulator.open, "left open");
    }

    @Test
    void ifNoneIsUsableTheReasonOfEachIsTold() {
        List<PlatformFactory> platforms =
                List.of(
                        platform("a", 1).unusable("no device"),
                        platform("b", 1).unusable("no permission"));
        SandboxException e = assertThrows(SandboxException.class, () -> fastest.of(platforms));
        assertEquals(ErrorCode.PLATFORM_UNUSABLE, e.code());
        assertEquals("no platform works here (a: no device; b: no permission)", e.getMessage());
        assertEquals("'plinth platforms' tells what each one needs", e.remedy());
    }

    @Test
    void noPlatformAtAllIsAnErrorToo() {
        SandboxException e = assertThrows(SandboxException.class, () -> fastest.of(List.of()));
        assertEquals("no platform works here", e.getMessage());
    }
}
