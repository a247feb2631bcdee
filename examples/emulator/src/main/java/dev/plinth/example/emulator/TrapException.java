package dev.plinth.example.emulator;

import dev.plinth.api.platform.Trap;

/** Ends an instruction that cannot be executed; becomes the result of {@code run}. */
final class TrapException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Trap trap;

    TrapException(Trap trap) {
        // No stack trace: this is how every fault of a guest goes, and they are many.
        super(trap.toString(), null, false, false);
        this.trap = trap;
    }

    Trap trap() {
        return trap;
    }
}
