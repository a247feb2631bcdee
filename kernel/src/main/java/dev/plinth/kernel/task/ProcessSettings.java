package dev.plinth.kernel.task;

import dev.plinth.kernel.state.SavedWith;
import dev.plinth.kernel.state.proto.ProcessSettingsState;

/**
 * What is set for a whole process, by prctl(2) and in /proc.
 *
 * <p>Lasting state: all of it. Any thread may read and write it; each setting stands by itself.
 */
@SavedWith(ThreadGroup.class)
public final class ProcessSettings {
    /** An adjustment with which a process is never killed for lack of memory. */
    public static final int OOM_NEVER = -1000;

    /** The greatest adjustment. */
    public static final int OOM_FIRST = 1000;

    private volatile boolean dumpable = true;
    private volatile boolean childSubreaper;
    private volatile int hugePagesDisabled;
    private volatile int oomScoreAdjustment;
    private volatile int oomScoreFloor;

    /** What a process begins with that this one forks. */
    ProcessSettings forChild() {
        ProcessSettings child = new ProcessSettings();
        child.dumpable = dumpable;
        child.hugePagesDisabled = hugePagesDisabled;
        child.oomScoreAdjustment = oomScoreAdjustment;
        child.oomScoreFloor = oomScoreFloor;
        return child;
    }

    /** Settings that were saved. */
    static ProcessSettings restore(ProcessSettingsState state) {
        ProcessSettings restored = new ProcessSettings();
        restored.dumpable = state.getDumpable();
        restored.childSubreaper = state.getChildSubreaper();
        restored.hugePagesDisabled = state.getHugePagesDisabled();
        restored.oomScoreAdjustment =
                Math.clamp(state.getOomScoreAdjustment(), OOM_NEVER, OOM_FIRST);
        restored.oomScoreFloor = Math.clamp(state.getOomScoreFloor(), OOM_NEVER, OOM_FIRST);
        return restored;
    }

    /** What is saved of them. */
    ProcessSettingsState save() {
        return ProcessSettingsState.newBuilder()
                .setDumpable(dumpable)
                .setChildSubreaper(childSubreaper)
                .setHugePagesDisabled(hugePagesDisabled)
                .setOomScoreAdjustment(oomScoreAdjustment)
                .setOomScoreFloor(oomScoreFloor)
                .build();
    }

    /** Whether processes of the same user may look into it; in Linux a property of the memory. */
    public boolean isDumpable() {
        return dumpable;
    }

    /** Lets processes of the same user look into it, or not. */
    public void setDumpable(boolean allow) {
        dumpable = allow;
    }

    /** Whether orphans among its descendants become its children. */
    public boolean isChildSubreaper() {
        return childSubreaper;
    }

    /** Says whether orphans among its descendants become its children. */
    public void setChildSubreaper(boolean take) {
        childSubreaper = take;
    }

    /** Whether it wants no huge pages: 1 and the flags of PR_SET_THP_DISABLE; kept only. */
    public int hugePagesDisabled() {
        return hugePagesDisabled;
    }

    /** Says whether it wants no huge pages. */
    public void setHugePagesDisabled(int flags) {
        hugePagesDisabled = flags;
    }

    /** By how much it is killed earlier (positive) or later for lack of memory. */
    public int oomScoreAdjustment() {
        return oomScoreAdjustment;
    }

    /** Below this the adjustment is set by those only who have CAP_SYS_RESOURCE. */
    public int oomScoreFloor() {
        return oomScoreFloor;
    }

    /** Sets by how much it is killed earlier or later, and how far that may be lowered. */
    public void setOomScore(int adjustment, int floor) {
        oomScoreAdjustment = adjustment;
        oomScoreFloor = floor;
    }
}
