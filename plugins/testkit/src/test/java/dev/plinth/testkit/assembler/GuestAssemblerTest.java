package dev.plinth.testkit.assembler;

import static dev.plinth.testkit.assembler.Register.R10;
import static dev.plinth.testkit.assembler.Register.R11;
import static dev.plinth.testkit.assembler.Register.R12;
import static dev.plinth.testkit.assembler.Register.R13;
import static dev.plinth.testkit.assembler.Register.R14;
import static dev.plinth.testkit.assembler.Register.R15;
import static dev.plinth.testkit.assembler.Register.R8;
import static dev.plinth.testkit.assembler.Register.R9;
import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBP;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RCX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.assembler.Register.RDX;
import static dev.plinth.testkit.assembler.Register.RSI;
import static dev.plinth.testkit.assembler.Register.RSP;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.util.HexFormat;

/** The expected bytes are those of the GNU assembler. */
class GuestAssemblerTest {
    @Test
    void moves() {
        expect("b8 27 00 00 00", assembler().mov(RAX, 39));
        expect("41 b9 ff ff ff ff", assembler().mov(R9, 0xffffffffL));
        expect("48 c7 c0 fe ff ff ff", assembler().mov(RAX, -2));
        expect("49 ba ef cd ab 89 67 45 23 01", assembler().mov(R10, 0x123456789abcdefL));
        expect("4c 89 e3", assembler().mov(RBX, R12));
    }

    @Test
    void memoryOperands() {
        expect("49 8d bd 34 12 00 00", assembler().lea(RDI, R13, 0x1234));
        expect("48 8d b4 24 cc ed ff ff", assembler().lea(RSI, RSP, -0x1234));
        expect("48 8b 8b 34 12 00 00", assembler().load(RCX, RBX, 0x1234));
        expect("41 8b 9c 24 34 12 00 00", assembler().load32(RBX, R12, 0x1234));
        expect("48 0f b6 97 34 12 00 00", assembler().load8(RDX, RDI, 0x1234));
        expect("64 48 8b 83 34 12 00 00", assembler().loadFs(RAX, RBX, 0x1234));
        expect("65 4c 8b 83 34 12 00 00", assembler().loadGs(R8, RBX, 0x1234));
        expect("4c 89 bc 24 34 12 00 00", assembler().store(RSP, 0x1234, R15));
        expect("41 89 b0 34 12 00 00", assembler().store32(R8, 0x1234, RSI));
        expect("45 88 91 34 12 00 00", assembler().store8(R9, 0x1234, R10));
        expect("48 01 83 34 12 00 00", assembler().addTo(RBX, 0x1234, RAX));
        expect("f0 49 0f c1 be 34 12 00 00", assembler().lockXadd(R14, 0x1234, RDI));
    }

    @Test
    void arithmetic() {
        expect("4c 01 c0", assembler().add(RAX, R8));
        expect("49 09 c1", assembler().or(R9, RAX));
        expect("48 21 d1", assembler().and(RCX, RDX));
        expect("4d 29 d3", assembler().sub(R11, R10));
        expect("48 31 ec", assembler().xor(RSP, RBP));
        expect("48 39 fe", assembler().cmp(RSI, RDI));
        expect("4d 85 ed", assembler().test(R13, R13));
        expect("48 81 c3 a0 86 01 00", assembler().add(RBX, 100_000));
        expect("49 81 e8 60 79 fe ff", assembler().sub(R8, -100_000));
        expect("48 81 f9 80 84 1e 00", assembler().cmp(RCX, 2_000_000));
        expect("49 ff c7", assembler().inc(R15));
        expect("48 ff c9", assembler().dec(RCX));
        expect("48 c1 e0 0c", assembler().shl(RAX, 12));
        expect("49 c1 e9 3f", assembler().shr(R9, 63));
    }

    @Test
    void stackAndControl() {
        expect("50", assembler().push(RAX));
        expect("41 54", assembler().push(R12));
        expect("5d", assembler().pop(RBP));
        expect("41 59", assembler().pop(R9));
        expect("ff e0", assembler().jmp(RAX));
        expect("41 ff e3", assembler().jmp(R11));
        expect("ff d3", assembler().call(RBX));
        expect("41 ff d7", assembler().call(R15));
        expect("f3 a4 f3 aa c3", assembler().repMovsb().repStosb().ret());
        expect("0f 05 0f 0b cc f4 90", assembler().syscall().ud2().int3().hlt().nop());
        expect("cd 80", assembler().interrupt(0x80));
    }

    @Test
    void labelsCountFromTheEndOfTheInstruction() {
        expect("e9 fb ff ff ff", assembler().label("here").jmp("here"));
        expect("e8 01 00 00 00 90 c3", assembler().call("there").nop().label("there").ret());
        expect("0f 85 fa ff ff ff", assembler().label("a").jump(Condition.NOT_EQUAL, "a"));
        expect("4c 8d 05 00 00 00 00", assembler().lea(R8, "end").label("end"));
        assertEquals(1, assembler().nop().label("here").assemble().offsetOf("here"));
    }

    @Test
    void labelThatIsNowhereOrTwiceIsRefused() {
        assertThrows(IllegalStateException.class, () -> assembler().jmp("gone").assemble());
        assertThrows(IllegalArgumentException.class, () -> assembler().label("a").label("a"));
        GuestProgram empty = assembler().assemble();
        assertThrows(IllegalArgumentException.class, () -> empty.offsetOf("gone"));
    }

    private static GuestAssembler assembler() {
        return new GuestAssembler();
    }

    private static void expect(String hex, GuestAssembler assembler) {
        assertEquals(hex, HexFormat.ofDelimiter(" ").formatHex(assembler.assemble().code()));
    }
}
