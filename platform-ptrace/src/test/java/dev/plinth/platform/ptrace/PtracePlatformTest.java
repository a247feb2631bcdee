package dev.plinth.platform.ptrace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.plinth.api.platform.Trap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class PtracePlatformTest {
    @Test
    void aSystemCallTrapsWithItsRegisters() {
        try (Guest guest = new Guest()) {
            guest.code("b827000000 0f05 ebfc");
            guest.registers.setR12(0x1234_5678_9abc_def0L);
            assertEquals(Trap.SYSTEM_CALL, guest.run());
            assertEquals(39, guest.registers.origRax());
            assertEquals(Guest.CODE + 7, guest.registers.rip());
            assertEquals(0x1234_5678_9abc_def0L, guest.registers.r12());
        }
    }
}
