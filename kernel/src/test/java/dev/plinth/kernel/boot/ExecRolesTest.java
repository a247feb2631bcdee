package dev.plinth.kernel.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.layout.FdRole;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.stream.Stream;

/** No role of a program from outside is given twice, not even after a restore. */
final class ExecRolesTest {
    private static long firstFree(String... names) {
        List<FdRole> roles = Stream.of(names).map(FdRole::new).toList();
        return RootFileSystem.firstFreeExec(roles);
    }

    @Test
    void theNextIsBeyondAllThatAreThere() {
        assertEquals(1, firstFree());
        assertEquals(1, firstFree("stdio/0", "device/kvm"));
        assertEquals(8, firstFree("exec/7/0", "exec/3/2", "stdio/9"));
        assertEquals(1, firstFree("exec/9999999999999999999999/0", "exec/x/0"));
    }
}
