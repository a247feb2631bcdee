package dev.plinth.kernel.cred;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

/** What programs of others do to who runs them; those on the host cannot be tried as root. */
final class ExecCredentialsTest {
    private static final Credentials USER = Credentials.ofUser(1000, 1000, List.of());
    private static final Credentials ROOT = Credentials.ofUser(0, 0, List.of());
    private static final Optional<Integer> NOBODY = Optional.empty();

    @Test
    void anOrdinaryProgramChangesNothing() {
        ExecCredentials after = ExecCredentials.of(USER, NOBODY, NOBODY, false);
        assertEquals(USER, after.credentials());
        assertFalse(after.secure());
        assertEquals(ROOT, ExecCredentials.of(ROOT, NOBODY, NOBODY, false).credentials());
    }

    @Test
    void aProgramOfRootMakesItsUserRoot() {
        ExecCredentials after = ExecCredentials.of(USER, Optional.of(0), NOBODY, false);
        assertEquals(new Ids(1000, 0, 0, 0), after.credentials().uids());
        assertEquals(Capability.ALL, after.credentials().capabilities().effective());
        assertTrue(after.secure());
    }

    @Test
    void aProgramOfAGroupLendsTheGroupOnly() {
        ExecCredentials after = ExecCredentials.of(USER, NOBODY, Optional.of(5), false);
        assertEquals(new Ids(1000, 5, 5, 5), after.credentials().gids());
        assertEquals(0, after.credentials().capabilities().permitted());
        assertTrue(after.secure());
    }

    @Test
    void rootThatRunsAProgramOfAUserKeepsWhatItMayDoButNotInEffect() {
        ExecCredentials after = ExecCredentials.of(ROOT, Optional.of(7), NOBODY, false);
        assertEquals(new Ids(0, 7, 7, 7), after.credentials().uids());
        assertEquals(Capability.ALL, after.credentials().capabilities().permitted());
        assertEquals(0, after.credentials().capabilities().effective());
        assertTrue(after.secure());
    }

    @Test
    void withoutNewPrivilegesTheBitsDoNotCount() {
        assertEquals(
                USER, ExecCredentials.of(USER, Optional.of(0), Optional.of(0), true).credentials());
    }

    @Test
    void ambientCapabilitiesOutliveOrdinaryProgramsOnly() {
        long kill = Capability.KILL.mask();
        Credentials ambient =
                USER.withCapabilities(new CapabilitySets(kill, kill, kill, Capability.ALL, kill));
        assertEquals(ambient, ExecCredentials.of(ambient, NOBODY, NOBODY, false).credentials());
        CapabilitySets after =
                ExecCredentials.of(ambient, Optional.of(5), NOBODY, false)
                        .credentials()
                        .capabilities();
        assertEquals(0, after.ambient());
        assertEquals(0, after.permitted());
    }

    @Test
    void keptCapabilitiesAreKeptUntilAProgramIsRunOnly() {
        Credentials keeping = CapabilityChanges.setKeepCapabilities(ROOT, true);
        Credentials user = IdentityChanges.setUid(keeping, 1000);
        assertEquals(Capability.ALL, user.capabilities().permitted());
        Credentials after = ExecCredentials.of(user, NOBODY, NOBODY, false).credentials();
        assertEquals(0, after.capabilities().permitted());
        assertEquals(0, after.secureBits());
    }

    @Test
    void withoutRootARootProgramHasNoCapabilities() {
        Credentials noRoot = CapabilityChanges.setSecureBits(ROOT, SecureBits.NO_ROOT);
        CapabilitySets after =
                ExecCredentials.of(noRoot, NOBODY, NOBODY, false).credentials().capabilities();
        assertEquals(0, after.permitted());
    }
}
