package dev.plinth.platform.ptrace.stub;

/** Where things are in a stub process: addresses, and numbers of descriptors. */
public final class StubLayout {
    /**
     * The stub page: the last page of user space ({@code TASK_SIZE_MAX - PAGE_SIZE} of {@code
     * asm/page_64_types.h}), which no guest can want for itself. Read and execute.
     */
    public static final long STUB_PAGE = 0x7fff_ffff_e000L;

    /** The page of queued memory calls of one address space; the guest can read it. */
    public static final long BATCH_PAGE = STUB_PAGE - 0x1000;

    /** Where the stub's executable is loaded before its page moves to {@link #STUB_PAGE}. */
    static final long LOAD_ADDRESS = 0x40_0000;

    /** The descriptor of the executable; closed once its page is mapped. */
    public static final int STUB_FD = 3;

    /** The file that holds the batch pages of all address spaces, open for reading only. */
    public static final int BATCH_FD = 4;

    /** The first backing file; the others follow it. */
    public static final int FIRST_BACKING_FD = 5;

    private StubLayout() {}
}
