package dev.plinth.kernel.task;

import static java.util.Objects.requireNonNull;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.ExitStatusState;

/** How a process ended. */
public sealed interface ExitStatus {
    /**
     * It called exit.
     *
     * @param code 0 to 255
     */
    record Exited(int code) implements ExitStatus {
        public Exited {
            if (code < 0 || code > 255) {
                throw new IllegalArgumentException("not an exit code: " + code);
            }
        }

        @Override
        public int shellStatus() {
            return code;
        }
    }

    /**
     * It died of a signal.
     *
     * @param signal that killed it
     * @param coreDumped whether Linux would have written a core file, had there been room for one
     */
    record Killed(Signal signal, boolean coreDumped) implements ExitStatus {
        public Killed {
            requireNonNull(signal, "signal is null");
        }

        @Override
        public int shellStatus() {
            return 128 + signal.number();
        }
    }

    /** An end that was saved. */
    static ExitStatus restore(ExitStatusState state) {
        return switch (state.getHowCase()) {
            case EXITED -> new Exited(state.getExited());
            case KILLED -> new Killed(Signal.of(state.getKilled()), state.getCoreDumped());
            case HOW_NOT_SET -> throw StateReader.corrupt("an end that is none");
        };
    }

    /** What is saved of it. */
    default ExitStatusState save() {
        return switch (this) {
            case Exited exited -> ExitStatusState.newBuilder().setExited(exited.code()).build();
            case Killed killed ->
                    ExitStatusState.newBuilder()
                            .setKilled(killed.signal().number())
                            .setCoreDumped(killed.coreDumped())
                            .build();
        };
    }

    /** What a shell gives as {@code $?}: the code, or 128 and the number of the signal. */
    int shellStatus();
}
