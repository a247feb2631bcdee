package dev.plinth.platform.kvm.stub;

/** Segment selectors: those of Linux, because some hypervisors show no others to ring 3. */
public final class Selectors {
    public static final int MONITOR_CODE = 0x10;
    public static final int MONITOR_DATA = 0x18;

    /** What {@code sysret} would return to; not present, so that nobody gets to 32-bit code. */
    public static final int USER_CODE_32 = 0x23;

    public static final int USER_DATA = 0x2b;
    public static final int USER_CODE = 0x33;
    public static final int TASK_STATE = 0x40;

    /** The bits of a selector that are the privilege level. */
    public static final int PRIVILEGE = 3;

    private Selectors() {}
}
