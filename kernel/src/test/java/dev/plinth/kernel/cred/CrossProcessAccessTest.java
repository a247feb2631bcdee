package dev.plinth.kernel.cred;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.util.List;

final class CrossProcessAccessTest {
    private static final Credentials USER = Credentials.ofUser(1000, 1000, List.of());
    private static final Credentials OTHER = Credentials.ofUser(1001, 1001, List.of());
    private static final Credentials ROOT = Credentials.ofUser(0, 0, List.of());

    @Test
    void usersLookIntoTheirOwnProcessesOnly() {
        assertTrue(CrossProcessAccess.mayInspect(USER, USER, true));
        assertFalse(CrossProcessAccess.mayInspect(USER, OTHER, true));
        assertFalse(CrossProcessAccess.mayInspect(USER, ROOT, true));
        assertTrue(CrossProcessAccess.mayInspect(ROOT, USER, true));
    }

    @Test
    void aProcessCanHideFromAllButThePrivileged() {
        assertFalse(CrossProcessAccess.mayInspect(USER, USER, false));
        assertTrue(CrossProcessAccess.mayInspect(ROOT, USER, false));
    }

    @Test
    void whoeverMayDoMoreIsNotLookedInto() {
        long kill = Capability.KILL.mask();
        Credentials stronger =
                USER.withCapabilities(new CapabilitySets(kill, 0, 0, Capability.ALL, 0));
        assertFalse(CrossProcessAccess.mayInspect(USER, stronger, true));
        assertTrue(CrossProcessAccess.mayInspect(stronger, USER, true));
    }

    @Test
    void limitsAreSetAmongProcessesThatAreAUsersInEveryRole() {
        Credentials halfRoot = IdentityChanges.setUids(ROOT, 1000, 1000, 0);
        assertTrue(CrossProcessAccess.mayLimit(USER, USER));
        assertFalse(CrossProcessAccess.mayLimit(USER, OTHER));
        assertFalse(CrossProcessAccess.mayLimit(USER, halfRoot));
        assertTrue(CrossProcessAccess.mayLimit(ROOT, USER));
    }
}
