package dev.plinth.kernel.signal;

import dev.plinth.api.linux.Signal;

/** What a signal does to a program that has not said otherwise, as in signal(7). */
public enum DefaultAction {
    TERMINATE,
    CORE_DUMP,
    STOP,
    CONTINUE,
    IGNORE;

    /** The default action of a signal. */
    public static DefaultAction of(Signal signal) {
        return switch (signal) {
            case SIGCHLD, SIGURG, SIGWINCH -> IGNORE;
            case SIGCONT -> CONTINUE;
            case SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU -> STOP;
            case SIGQUIT,
                    SIGILL,
                    SIGTRAP,
                    SIGABRT,
                    SIGBUS,
                    SIGFPE,
                    SIGSEGV,
                    SIGXCPU,
                    SIGXFSZ,
                    SIGSYS ->
                    CORE_DUMP;
            default -> TERMINATE;
        };
    }
}
