package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Map;

final class GuestEnvironmentTest {
    private static final String PATH =
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    @Test
    void callersVariablesAreKeptBackButForThreeThatProgramsNeed() {
        Map<String, String> caller =
                Map.of("HOME", "/home/u", "TERM", "xterm", "LANG", "C.UTF-8", "SECRET", "x");
        assertEquals(
                List.of(PATH, "HOME=/home/u", "TERM=xterm", "LANG=C.UTF-8"),
                GuestEnvironment.of(caller, true, List.of()));
    }

    @Test
    void callersPathIsNotTheGuests() {
        assertEquals(
                List.of(PATH, "HOME=/"),
                GuestEnvironment.of(Map.of("PATH", "/opt/bin"), true, List.of()));
    }

    @Test
    void homeIsTheRootWhereTheCallersIsNotThere() {
        assertEquals(
                List.of(PATH, "HOME=/"),
                GuestEnvironment.of(Map.of("HOME", "/home/u"), false, List.of()));
    }

    @Test
    void variablesAskedForAreAddedOrReplaceOthers() {
        assertEquals(
                List.of("PATH=/x", "HOME=/", "A=1=2", "EMPTY="),
                GuestEnvironment.of(Map.of(), true, List.of("A=0", "PATH=/x", "A=1=2", "EMPTY=")));
    }

    @Test
    void aNameAloneHandsOverTheCallersVariableIfThereIsOne() {
        assertEquals(
                List.of(PATH, "HOME=/", "TOKEN=t"),
                GuestEnvironment.of(Map.of("TOKEN", "t"), true, List.of("TOKEN", "MISSING")));
    }

    @Test
    void aVariableWithoutANameIsRefused() {
        for (String request : List.of("", "=x")) {
            assertThrows(
                    UsageException.class,
                    () -> GuestEnvironment.of(Map.of(), true, List.of(request)));
        }
    }
}
