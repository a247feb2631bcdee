package dev.plinth.kernel.task;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.state.proto.RestartState;

import java.util.OptionalLong;

/**
 * How a call goes on that a signal broke off, if the signal ran no handler: {@code struct
 * restart_block}. The program is made to call restart_syscall(2), which comes here.
 *
 * <p>Implementations are records of plain values, the moment at which the call ends among them:
 * they are part of a task's lasting state.
 */
public interface RestartBlock {
    /** There is nothing to go on with; {@code do_no_restart_syscall}. */
    RestartBlock NONE =
            new RestartBlock() {
                @Override
                public long restart(Task task) {
                    throw ErrnoException.of(Errno.EINTR);
                }

                @Override
                public RestartState save() {
                    return RestartState.getDefaultInstance();
                }
            };

    /**
     * Goes on, on the task's thread.
     *
     * @return the call's value
     * @throws ErrnoException if the call fails
     * @throws dev.plinth.kernel.errno.RestartException if a signal breaks it off again
     */
    long restart(Task task);

    /**
     * The call does not go on: a handler runs, or the task ends. By the task's thread.
     *
     * @return the call's result, if it turns out to be over
     */
    default OptionalLong giveUp() {
        return OptionalLong.empty();
    }

    /**
     * Whether the call itself is made again after a signal with a handler, instead of failing with
     * EINTR: so it is where the call would not have gone on in this way if the signal alone had
     * broken it off.
     *
     * @param handlerRestarts whether the handler has SA_RESTART
     */
    default boolean isRepeatedAfterHandler(boolean handlerRestarts) {
        return false;
    }

    /**
     * Whether the call has to wait again before any other program runs, however long that takes:
     * what the others do meanwhile would be lost on it.
     */
    default boolean precedesOthers() {
        return false;
    }

    /** What is saved of it. */
    RestartState save();
}
