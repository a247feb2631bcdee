package dev.plinth.kernel.syscall.linux;

import dev.plinth.kernel.state.proto.RestartState;
import dev.plinth.kernel.task.RestartBlock;

/** Makes again what was saved of calls that a signal broke off. */
public final class RestartBlocks {
    private RestartBlocks() {}

    /**
     * How a call goes on.
     *
     * @throws dev.plinth.kernel.errno.ErrnoException if the call could not have been made
     */
    public static RestartBlock restore(RestartState state) {
        return switch (state.getCallCase()) {
            case SLEEP ->
                    new TimeSyscalls.SleepRestart(
                            state.getSleep().getDeadlineNanos(), state.getSleep().getRemainder());
            case POLL ->
                    new PollSyscalls.PollRestart(
                            state.getPoll().getAddress(),
                            state.getPoll().getCount(),
                            state.getPoll().getDeadlineNanos());
            case FUTEX -> FutexRestart.restore(state.getFutex());
            case CALL_NOT_SET -> RestartBlock.NONE;
        };
    }
}
