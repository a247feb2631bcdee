package dev.plinth.kernel.errno;

/**
 * Results that say that a signal broke a call off: linux/errno.h above 511.
 *
 * <p>They stand in rax between the call and the delivery of the signal and are never seen by a
 * program.
 */
public final class Restart {
    public static final int ERESTARTSYS = 512;
    public static final int ERESTARTNOINTR = 513;
    public static final int ERESTARTNOHAND = 514;
    public static final int ERESTART_RESTARTBLOCK = 516;

    private Restart() {}

    /** The result of a call that was broken off: the negative code. */
    public static long resultOf(RestartException restart) {
        return switch (restart.kind()) {
            case UNLESS_HANDLER_FORBIDS -> -ERESTARTSYS;
            case UNLESS_HANDLED -> -ERESTARTNOHAND;
            case ALWAYS -> -ERESTARTNOINTR;
            case WITH_TIME_LEFT -> -ERESTART_RESTARTBLOCK;
        };
    }

    /** Whether a result says that the call was broken off. */
    public static boolean isRestart(long result) {
        return (result <= -ERESTARTSYS && result >= -ERESTARTNOHAND)
                || result == -ERESTART_RESTARTBLOCK;
    }

    /** The name of the code, as strace(1) shows it. */
    public static String nameOf(long result) {
        return switch ((int) -result) {
            case ERESTARTSYS -> "ERESTARTSYS";
            case ERESTARTNOINTR -> "ERESTARTNOINTR";
            case ERESTARTNOHAND -> "ERESTARTNOHAND";
            case ERESTART_RESTARTBLOCK -> "ERESTART_RESTARTBLOCK";
            default -> throw new IllegalArgumentException("not a restart code: " + result);
        };
    }
}
