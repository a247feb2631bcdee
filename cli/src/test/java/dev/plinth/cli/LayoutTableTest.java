package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.layout.FdRole;
import dev.plinth.api.platform.DeviceDeclaration;
import dev.plinth.api.platform.DeviceDeclaration.OpenMode;

import org.junit.jupiter.api.Test;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

final class LayoutTableTest {
    private static final DeviceDeclaration KVM =
            new DeviceDeclaration(FdRole.device("kvm"), "/dev/kvm", OpenMode.READ_WRITE, true);

    @Test
    void devicesStandBehindStdioAndTheLogBehindThem() {
        assertEquals(
                """
                NUMBER  ROLE        PATH
                200     stdio/0     -
                201     stdio/1     -
                202     stdio/2     -
                203     device/kvm  /dev/kvm
                204     log         /tmp/log
                """,
                LayoutCommand.table(List.of(KVM), Map.of(FdRole.LOG, "/tmp/log")));
    }

    @Test
    void aLogMovesNothing() {
        String without = LayoutCommand.table(List.of(), Map.of());
        String with = LayoutCommand.table(List.of(), Map.of(FdRole.LOG, "x"));
        assertEquals(
                """
                NUMBER  ROLE     PATH
                200     stdio/0  -
                201     stdio/1  -
                202     stdio/2  -
                """,
                without);
        assertEquals(without + "203     log      x\n", with);
    }

    @Test
    void theControlSocketStandsAheadOfTheLog() {
        SequencedMap<FdRole, String> others = new LinkedHashMap<>();
        others.put(FdRole.CONTROL, "-");
        others.put(FdRole.LOG, "x");
        others.put(FdRole.LAUNCHER, "-");
        assertEquals(
                """
                NUMBER  ROLE        PATH
                200     stdio/0     -
                201     stdio/1     -
                202     stdio/2     -
                203     device/kvm  /dev/kvm
                204     control     -
                205     log         x
                206     launcher    -
                """,
                LayoutCommand.table(List.of(KVM), others));
    }
}
