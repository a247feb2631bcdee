package dev.plinth.api.layout;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

final class FdLayoutTest {
    private static final long SEED = 20_251_123;
    private static final int ROOM = FdLayout.LIMIT - FdLayout.BASE - 3;

    @Test
    void stdioHasTheSameNumbersWhateverElseIsDonated() {
        qt().withFixedSeed(SEED)
                .forAll(integers().between(0, 20), integers().between(0, 20))
                .check((devices, others) -> {
                    FdLayout layout = layout(devices, others);
                    return layout.numberOf(FdRole.STDIN).equals(OptionalInt.of(200))
                            && layout.numberOf(FdRole.STDOUT).equals(OptionalInt.of(201))
                            && layout.numberOf(FdRole.STDERR).equals(OptionalInt.of(202));
                });
    }

    @Test
    void devicesFollowStdioInDeclarationOrderAndTheRestFollowsDevices() {
        qt().withFixedSeed(SEED)
                .forAll(integers().between(0, 20), integers().between(0, 20))
                .check((devices, others) -> {
                    FdLayout layout = layout(devices, others);
                    boolean inOrder = layout.mappings().size() == 3 + devices + others;
                    for (int i = 0; i < devices; i++) {
                        inOrder &= numberOf(layout, FdRole.device("d" + i)) == 203 + i;
                    }
                    for (int i = 0; i < others; i++) {
                        int expected = 203 + devices + i;
                        inOrder &= numberOf(layout, new FdRole("image/" + i)) == expected;
                    }
                    return inOrder;
                });
    }

    @Test
    void numbersAreConsecutiveAndBelowTheInitialDescriptorTable() {
        qt().withFixedSeed(SEED)
                .forAll(integers().between(0, ROOM))
                .check(devices -> {
                    List<FdMapping> mappings = layout(devices, 0).mappings();
                    return IntStream.range(0, mappings.size())
                                    .allMatch(i -> mappings.get(i).number() == FdLayout.BASE + i)
                            && mappings.getLast().number() < FdLayout.LIMIT;
                });
    }

    @Test
    void layoutOfKvmWithALogIsAsItWasReleased() throws IOException {
        FdLayout layout =
                FdLayout.of(
                        List.of(FdRole.device("kvm")), List.of(new FdRole("control"), FdRole.LOG));
        String lines =
                layout.mappings().stream()
                        .map(mapping -> mapping.number() + " " + mapping.role() + "\n")
                        .collect(Collectors.joining());
        try (InputStream golden = FdLayoutTest.class.getResourceAsStream("kvm-with-log.layout")) {
            assertEquals(new String(golden.readAllBytes(), StandardCharsets.UTF_8), lines);
        }
    }

    @Test
    void aRoleGivenTwiceIsRefused() {
        FdRole kvm = FdRole.device("kvm");
        assertThrows(
                IllegalArgumentException.class, () -> FdLayout.of(List.of(kvm, kvm), List.of()));
        assertThrows(
                IllegalArgumentException.class,
                () -> FdLayout.of(List.of(), List.of(FdRole.STDOUT)));
    }

    @Test
    void moreThanFitAreRefused() {
        assertEquals(ROOM + 3, layout(ROOM, 0).mappings().size());
        assertThrows(IllegalArgumentException.class, () -> layout(ROOM, 1));
    }

    @Test
    void aRoleThatIsNotInTheLayoutHasNoNumber() {
        assertTrue(layout(2, 2).numberOf(FdRole.LOG).isEmpty());
    }

    @Test
    void rolesAreLowerCaseWords() {
        assertEquals("device/kvm", FdRole.device("kvm").name());
        assertEquals(FdRole.STDERR, FdRole.stdio(2));
        for (String bad : List.of("", "/", "a/", "A", "a//b", "a b", "-a", "x".repeat(65))) {
            assertThrows(IllegalArgumentException.class, () -> new FdRole(bad), bad);
        }
        assertThrows(IllegalArgumentException.class, () -> FdRole.stdio(3));
    }

    @Test
    void labelsAreThoseOfTheDonationLog() {
        assertEquals("stdin", FdRole.STDIN.label());
        assertEquals("stdout", FdRole.STDOUT.label());
        assertEquals("stderr", FdRole.STDERR.label());
        assertEquals("device/kvm", FdRole.device("kvm").label());
    }

    private static int numberOf(FdLayout layout, FdRole role) {
        return layout.numberOf(role).orElse(-1);
    }

    private static FdLayout layout(int devices, int others) {
        return FdLayout.of(
                IntStream.range(0, devices).mapToObj(i -> FdRole.device("d" + i)).toList(),
                IntStream.range(0, others).mapToObj(i -> new FdRole("image/" + i)).toList());
    }
}
