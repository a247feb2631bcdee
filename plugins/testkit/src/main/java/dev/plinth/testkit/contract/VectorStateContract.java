package dev.plinth.testkit.contract;

import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RSI;
import static dev.plinth.testkit.contract.TestProcess.DATA;
import static dev.plinth.testkit.contract.TestProcess.FREE;
import static dev.plinth.testkit.contract.Traps.unmapped;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.CpuFeatures;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.PlatformFeature;
import dev.plinth.api.platform.Trap;
import dev.plinth.api.platform.UnsupportedCapabilityException;
import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestProgram;

import org.junit.jupiter.api.Test;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

/** Vector state: kept, read and written, or refused. */
interface VectorStateContract extends ContractPart {
    @Test
    default void vectorStateIsRefusedByAPlatformThatHasNone() {
        if (hasVectorState()) {
            return;
        }
        assertEquals(0, cpu().vectorStateBytes());
        CpuFeatures any = new CpuFeatures(0, 0, 3, CpuFeatures.MIN_VECTOR_STATE_BYTES);
        MemorySegment area = new XsaveArea(any).segment();
        try (ExecutionContext context = tested().platform().newContext()) {
            for (Runnable use :
                    new Runnable[] {
                        () -> context.readVectorState(area), () -> context.writeVectorState(area)
                    }) {
                UnsupportedCapabilityException refusal =
                        assertThrows(UnsupportedCapabilityException.class, use::run);
                assertEquals(PlatformFeature.VECTOR_STATE, refusal.feature());
            }
        }
    }

    @Test
    default void sizeOfTheVectorStateIsThatOfAnXsaveArea() {
        if (!hasVectorState()) {
            return;
        }
        long x87AndSse = XsaveArea.X87 | XsaveArea.SSE;
        assertTrue(cpu().vectorStateBytes() >= CpuFeatures.MIN_VECTOR_STATE_BYTES);
        assertEquals(x87AndSse, cpu().xcr0() & x87AndSse);
        if ((cpu().xcr0() & XsaveArea.AVX) != 0) {
            assertTrue(cpu().vectorStateBytes() >= CpuFeatures.MIN_VECTOR_STATE_BYTES + 256);
        }
    }

    @Test
    default void freshContextHasTheInitialState() {
        if (!hasVectorState()) {
            return;
        }
        try (ExecutionContext context = tested().platform().newContext()) {
            assertInitial(read(context));
        }
    }

    @Test
    default void contextAfterOneThatUsedTheRegistersHasTheInitialState() {
        if (!hasVectorState()) {
            return;
        }
        for (int i = 0; i < 5; i++) {
            try (TestProcess process = tested().newProcess();
                    TestThread thread = process.newThread()) {
                assertInitial(read(thread.context()));
                thread.context().writeVectorState(dirty(i).segment());
                thread.at(new GuestAssembler().syscall().assemble()).runToSystemCall();
                assertEquals(dirty(i).xmm(3), read(thread.context()).xmm(3));
            }
        }
    }

    @Test
    default void writtenStateIsReadBack() {
        if (!hasVectorState()) {
            return;
        }
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            ExecutionContext context = thread.context();
            context.writeVectorState(dirty(1).segment());
            assertSameState(dirty(1), read(context));
            thread.at(new GuestAssembler().syscall().assemble()).runToSystemCall();
            assertSameState(dirty(1), read(context));
            context.writeVectorState(dirty(2).segment());
            assertSameState(dirty(2), read(context));
        }
    }

    @Test
    default void stateIsWrittenAndReadBetweenTraps() {
        if (!hasVectorState()) {
            return;
        }
        GuestProgram program =
                new GuestAssembler().syscall().load(RBX, RBX, 0).syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            ExecutionContext context = thread.context();
            thread.at(program).registers().setRbx(FREE);
            context.interrupt();
            assertSame(Trap.INTERRUPTED, thread.run());
            context.writeVectorState(dirty(1).segment());
            thread.runToSystemCall();
            assertSameState(dirty(1), read(context));
            context.writeVectorState(dirty(2).segment());
            assertEquals(unmapped(FREE, AccessType.READ), thread.run());
            assertSameState(dirty(2), read(context));
            context.writeVectorState(dirty(3).segment());
            thread.registers().setRbx(DATA);
            thread.runToSystemCall();
            assertSameState(dirty(3), read(context));
        }
    }

    @Test
    default void componentsLeftOutAreSetToTheirInitialState() {
        if (!hasVectorState()) {
            return;
        }
        try (ExecutionContext context = tested().platform().newContext()) {
            for (long components = 0; components < 4; components++) {
                context.writeVectorState(dirty(1).segment());
                XsaveArea part = dirty(2).setComponents(components);
                context.writeVectorState(part.segment());
                XsaveArea state = read(context);
                assertEquals(part.xmm(5), state.xmm(5));
                assertEquals(part.st(0), state.st(0));
                assertEquals(part.controlWord(), state.controlWord());
                assertEquals(0, state.ymmHigh(5));
            }
        }
    }

    @Test
    default void areaThatTheProcessorWouldRefuseIsRefused() {
        if (!hasVectorState()) {
            return;
        }
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            ExecutionContext context = thread.context();
            context.writeVectorState(dirty(1).segment());
            refused(context, dirty(2).setComponents(Long.MIN_VALUE | 3));
            refused(context, dirty(2).setComponents(~cpu().xcr0()));
            refused(context, dirty(2).setMxcsr(0x1f80 | 0x10000));
            refused(context, dirty(2).setMxcsr(-1));
            refused(context, dirty(2).setReservedHeader(1));
            assertSameState(dirty(1), read(context));
            thread.at(new GuestAssembler().syscall().assemble()).runToSystemCall();
            assertSameState(dirty(1), read(context));
        }
    }

    @Test
    default void guestKeepsItsVectorRegistersOverCallsFaultsAndInterrupts() {
        if (!tested().has(PlatformFeature.NATIVE_CODE)) {
            return;
        }
        VectorCode code = new VectorCode(cpu().xcr0());
        GuestAssembler assembler = new GuestAssembler();
        code.load(assembler);
        assembler.syscall().nop().ud2().load(RAX, RSI, 0);
        code.store(assembler.mov(RBX, DATA + VectorCode.BYTES));
        GuestProgram program = assembler.syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            for (int seed = 0; seed < 5; seed++) {
                Map<Integer, Long> expected = fillBlock(process.data(), code, seed);
                thread.at(process.loadOnce(program)).registers().setRbx(DATA);
                thread.registers().setRsi(FREE);
                thread.runToSystemCall();
                thread.context().interrupt();
                assertSame(Trap.INTERRUPTED, thread.run());
                assertTrue(thread.run() instanceof Trap.CpuException);
                thread.registers().setRip(thread.registers().rip() + 2);
                assertEquals(unmapped(FREE, AccessType.READ), thread.run());
                thread.registers().setRsi(DATA);
                thread.runToSystemCall();
                expected.forEach((offset, value) ->
                        assertEquals(
                                value,
                                process.data()
                                        .get(ValueLayout.JAVA_LONG, VectorCode.BYTES + offset),
                                () -> "at " + offset));
            }
        }
    }

    @Test
    default void guestOfAFreshContextFindsTheInitialState() {
        if (!tested().has(PlatformFeature.NATIVE_CODE)) {
            return;
        }
        VectorCode code = new VectorCode(cpu().xcr0());
        GuestAssembler loading = new GuestAssembler();
        code.load(loading);
        GuestProgram dirtying = loading.syscall().assemble();
        GuestAssembler storing = new GuestAssembler();
        code.store(storing);
        GuestProgram looking = storing.syscall().assemble();
        try (TestProcess process = tested().newProcess()) {
            for (int round = 0; round < 3; round++) {
                try (TestThread before = process.newThread();
                        TestThread fresh = process.newThread()) {
                    fillBlock(process.data(), code, round);
                    before.at(process.loadOnce(dirtying)).registers().setRbx(DATA);
                    before.runToSystemCall();
                    fresh.at(process.loadOnce(looking)).registers().setRbx(DATA);
                    fresh.runToSystemCall();
                    assertInitialBlock(process.data(), code);
                }
            }
        }
    }

    @Test
    default void guestSeesWhatWasWrittenAndTheKernelWhatTheGuestLoaded() {
        if (!tested().has(PlatformFeature.NATIVE_CODE) || !hasVectorState()) {
            return;
        }
        VectorCode code = new VectorCode(cpu().xcr0());
        GuestAssembler storing = new GuestAssembler();
        code.store(storing);
        GuestAssembler loading = new GuestAssembler();
        code.load(loading);
        try (TestProcess process = tested().newProcess();
                TestThread thread = process.newThread()) {
            thread.context().writeVectorState(dirty(4).segment());
            thread.at(storing.syscall().assemble()).registers().setRbx(DATA);
            thread.runToSystemCall();
            for (int i = 0; i < 16; i++) {
                assertEquals(dirty(4).xmm(i), guestRegister(process, i, 0));
                if (code.registerBytes() > 16) {
                    assertEquals(dirty(4).ymmHigh(i), guestRegister(process, i, 16));
                }
            }
            assertEquals(
                    dirty(4).mxcsr(), process.data().get(ValueLayout.JAVA_INT, VectorCode.MXCSR));

            fillBlock(process.data(), code, 7);
            thread.at(loading.syscall().assemble()).registers().setRbx(DATA);
            thread.runToSystemCall();
            XsaveArea state = read(thread.context());
            for (int i = 0; i < 16; i++) {
                assertEquals(guestRegister(process, i, 0), state.xmm(i));
                if (code.registerBytes() > 16) {
                    assertEquals(guestRegister(process, i, 16), state.ymmHigh(i));
                }
            }
        }
    }

    @Test
    default void contextsHaveVectorStatesOfTheirOwn() {
        if (!hasVectorState()) {
            return;
        }
        GuestProgram program = new GuestAssembler().syscall().syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestThread one = process.newThread();
                TestThread other = process.newThread()) {
            long start = process.load(program);
            one.context().writeVectorState(dirty(1).segment());
            other.context().writeVectorState(dirty(2).segment());
            one.at(start).runToSystemCall();
            other.at(start).runToSystemCall();
            assertSameState(dirty(1), read(one.context()));
            assertSameState(dirty(2), read(other.context()));
            one.runToSystemCall();
            other.runToSystemCall();
            assertSameState(dirty(1), read(one.context()));
            assertSameState(dirty(2), read(other.context()));
        }
    }

    @Test
    default void vectorStateStaysWithAContextInAnotherAddressSpace() {
        if (!hasVectorState()) {
            return;
        }
        GuestProgram program = new GuestAssembler().syscall().syscall().assemble();
        try (TestProcess process = tested().newProcess();
                TestProcess other = tested().newProcess();
                TestThread thread = process.newThread()) {
            long start = process.load(program);
            assertEquals(start, other.load(program));
            thread.context().writeVectorState(dirty(1).segment());
            thread.at(start).runToSystemCall();
            assertSame(Trap.SYSTEM_CALL, thread.context().run(other.space(), thread.registers()));
            assertSameState(dirty(1), read(thread.context()));
        }
    }

    private boolean hasVectorState() {
        return tested().has(PlatformFeature.VECTOR_STATE);
    }

    private CpuFeatures cpu() {
        return tested().capabilities().cpu();
    }

    private XsaveArea read(ExecutionContext context) {
        XsaveArea area = new XsaveArea(cpu());
        area.segment().fill((byte) 0x5a);
        context.readVectorState(area.segment());
        return area;
    }

    /** A state of all registers that depends on the seed. */
    private XsaveArea dirty(int seed) {
        boolean avx = (cpu().xcr0() & XsaveArea.AVX) != 0;
        XsaveArea area = new XsaveArea(cpu());
        area.setComponents(XsaveArea.X87 | XsaveArea.SSE | (avx ? XsaveArea.AVX : 0));
        area.setControlWord(0x27f);
        area.setMxcsr(0x1fa0);
        for (int i = 0; i < 16; i++) {
            area.setXmm(i, 0x1000L * (seed + 1) + i);
            if (avx) {
                area.setYmmHigh(i, 0x2000L * (seed + 1) + i);
            }
        }
        for (int i = 0; i < 8; i++) {
            area.setSt(i, 0x8000_0000_0000_3000L + seed * 16L + i);
        }
        return area;
    }

    private static void assertSameState(XsaveArea expected, XsaveArea actual) {
        assertEquals(expected.controlWord(), actual.controlWord());
        assertEquals(expected.mxcsr(), actual.mxcsr());
        for (int i = 0; i < 16; i++) {
            assertEquals(expected.xmm(i), actual.xmm(i), "xmm" + i);
            assertEquals(expected.ymmHigh(i), actual.ymmHigh(i), "ymm" + i);
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(expected.st(i), actual.st(i), "st" + i);
        }
    }

    private static void assertInitial(XsaveArea state) {
        assertEquals(0x37f, state.controlWord());
        assertEquals(0x1f80, state.mxcsr());
        for (int i = 0; i < 16; i++) {
            assertEquals(0, state.xmm(i), "xmm" + i);
            assertEquals(0, state.ymmHigh(i), "ymm" + i);
        }
        for (int i = 0; i < 8; i++) {
            assertEquals(0, state.st(i), "st" + i);
        }
    }

    private static void assertInitialBlock(MemorySegment data, VectorCode code) {
        for (int i = 0; i < code.registers(); i++) {
            for (int j = 0; j < code.registerBytes(); j += Long.BYTES) {
                int offset = VectorCode.registerOffset(i) + j;
                assertEquals(0, data.get(ValueLayout.JAVA_LONG, offset), () -> "at " + offset);
            }
        }
        for (int i = 0; i < code.masks(); i++) {
            assertEquals(0, data.get(ValueLayout.JAVA_LONG, VectorCode.maskOffset(i)));
        }
        assertEquals(0x1f80, data.get(ValueLayout.JAVA_INT, VectorCode.MXCSR));
        assertEquals(0x37f, data.get(ValueLayout.JAVA_SHORT, VectorCode.CONTROL_WORD));
    }

    private static void refused(ExecutionContext context, XsaveArea area) {
        assertThrows(
                IllegalArgumentException.class, () -> context.writeVectorState(area.segment()));
    }

    /** Fills the block that the guest loads; returns what must come back, by offset. */
    private static Map<Integer, Long> fillBlock(MemorySegment data, VectorCode code, int seed) {
        Random random = new Random(seed);
        Map<Integer, Long> expected = new HashMap<>();
        for (int i = 0; i < code.registers(); i++) {
            for (int j = 0; j < code.registerBytes(); j += Long.BYTES) {
                expected.put(VectorCode.registerOffset(i) + j, random.nextLong());
            }
        }
        for (int i = 0; i < code.masks(); i++) {
            expected.put(VectorCode.maskOffset(i), random.nextLong());
        }
        expected.put(VectorCode.ST, Double.doubleToLongBits(1 + random.nextInt(1000)));
        expected.forEach((offset, value) -> data.set(ValueLayout.JAVA_LONG, offset, value));
        data.set(ValueLayout.JAVA_INT, VectorCode.MXCSR, 0x1f80 | 0x4000);
        data.set(ValueLayout.JAVA_SHORT, VectorCode.CONTROL_WORD, (short) 0x27f);
        expected.put(VectorCode.MXCSR, 0x1f80L | 0x4000);
        expected.put(VectorCode.CONTROL_WORD, 0x27fL);
        data.set(ValueLayout.JAVA_LONG, VectorCode.BYTES + VectorCode.MXCSR, 0);
        data.set(ValueLayout.JAVA_LONG, VectorCode.BYTES + VectorCode.CONTROL_WORD, 0);
        return expected;
    }

    private static long guestRegister(TestProcess process, int number, int offset) {
        return process.data()
                .get(ValueLayout.JAVA_LONG, VectorCode.registerOffset(number) + offset);
    }
}
