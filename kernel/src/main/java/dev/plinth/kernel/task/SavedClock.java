package dev.plinth.kernel.task;

import dev.plinth.api.linux.Signal;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.TimerClockState;
import dev.plinth.kernel.state.proto.TimerClockState.ClockCase;
import dev.plinth.kernel.timer.TimerClock;

import java.util.Optional;

/** What timers go by, as it is saved: the clocks of the sandbox, or the CPU time of somebody. */
final class SavedClock {
    private SavedClock() {}

    static TimerClockState save(TimerClock clock, Kernel kernel, StateWriter writer) {
        TimerClockState.Builder state = TimerClockState.newBuilder();
        if (clock instanceof CpuClock cpu) {
            cpu.task().ifPresent(task -> state.setTaskRef(writer.reference(task)));
            cpu.process()
                    .ifPresent(process ->
                            state.setProcessRef(writer.reference(process))
                                    .setWithSystem(cpu.withSystem()));
        } else if (clock.equals(kernel.realtimeClock())) {
            state.setRealtime(true);
        } else {
            state.setMonotonic(true);
        }
        return state.build();
    }

    static TimerClock restore(TimerClockState state, Kernel kernel, StateReader reader) {
        return switch (state.getClockCase()) {
            case REALTIME -> kernel.realtimeClock();
            case MONOTONIC -> kernel.monotonicClock();
            case TASK_REF -> reader.get(state.getTaskRef(), Task.class).cpuClock();
            case PROCESS_REF ->
                    reader.get(state.getProcessRef(), ThreadGroup.class)
                            .cpuClock(state.getWithSystem());
            case CLOCK_NOT_SET -> throw StateReader.corrupt("a timer without a clock");
        };
    }

    /** By how much the clock goes on while a sandbox is not there: the others stand still. */
    static long shift(TimerClockState state, Kernel kernel, StateReader reader) {
        return state.getClockCase() == ClockCase.REALTIME
                ? kernel.clock().realtimeNanos() - reader.kernel().getRealtimeNanos()
                : 0;
    }

    /** The signal of a number that stands for none if it is zero. */
    static Optional<Signal> signal(int number) {
        return number == 0 ? Optional.empty() : Optional.of(Signal.of(number));
    }
}
