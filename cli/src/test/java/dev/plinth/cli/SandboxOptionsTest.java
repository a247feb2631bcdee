package dev.plinth.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.kernel.boot.SandboxSpec.User;

import org.junit.jupiter.api.Test;

import java.util.List;

final class SandboxOptionsTest {
    @Test
    void aGroupIsTheUsersNumberUnlessItIsGiven() {
        assertEquals(new User(1000, 1000), SandboxOptions.user("1000"));
        assertEquals(new User(0, 5), SandboxOptions.user("0:5"));
        assertEquals(new User(-2, -2), SandboxOptions.user("4294967294"));
    }

    @Test
    void whatIsNoUserIsRefused() {
        for (String value :
                List.of("", ":", "1:", ":1", "root", "-1", "4294967295", "1:2:3", "1 ")) {
            assertThrows(UsageException.class, () -> SandboxOptions.user(value), value);
        }
    }

    @Test
    void memoryHasUnits() {
        assertEquals(4L << 20, SandboxOptions.memory("4194304"));
        assertEquals(64L << 20, SandboxOptions.memory("65536k"));
        assertEquals(64L << 20, SandboxOptions.memory("64m"));
        assertEquals(2L << 30, SandboxOptions.memory("2G"));
    }

    @Test
    void whatIsNoAmountOfMemoryIsRefused() {
        for (String value :
                List.of("", "m", "-1m", "1.5g", "64mb", "4095k", "0", "99999999999999t")) {
            assertThrows(UsageException.class, () -> SandboxOptions.memory(value), value);
        }
    }

    @Test
    void whatIsNoNumberOfTasksIsRefused() {
        assertEquals(1, SandboxOptions.tasks("1"));
        for (String value : List.of("", "0", "-1", "x", "32769")) {
            assertThrows(UsageException.class, () -> SandboxOptions.tasks(value), value);
        }
    }

    @Test
    void aHostnameIsOneThatLinuxTakes() {
        assertEquals("a-1.example", SandboxOptions.hostname("a-1.example"));
        for (String value : List.of("", "-a", "a b", "a".repeat(65))) {
            assertThrows(UsageException.class, () -> SandboxOptions.hostname(value), value);
        }
    }
}
