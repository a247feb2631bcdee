package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.cred.Capability;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.PseudoContent;
import dev.plinth.kernel.vfs.Caller;

import java.nio.charset.StandardCharsets;

/** /proc/[pid]/oom_score_adj, and oom_adj, which is the same on the scale that once was. */
final class OomAdjustment implements PseudoContent {
    private static final int MAX = 1000;

    /** The scale of oom_adj, and what keeps a process alive there. */
    private static final int OLD_MAX = 15;

    private static final int OLD_NEVER = -17;

    private final ProcessView process;
    private final boolean old;

    OomAdjustment(ProcessView process, boolean old) {
        this.process = process;
        this.old = old;
    }

    @Override
    public byte[] read() {
        int value = process.oomScoreAdjustment();
        return ((old ? toOld(value) : value) + "\n").getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public void write(byte[] text, Caller writer) {
        int value = PseudoContent.number(text);
        int least = old ? OLD_NEVER : -MAX;
        int most = old ? OLD_MAX : MAX;
        if (value < least || value > most) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        process.setOomScoreAdjustment(
                old ? fromOld(value) : value, writer.credentials().has(Capability.SYS_RESOURCE));
    }

    private static int toOld(int value) {
        return value == MAX ? OLD_MAX : value * -OLD_NEVER / MAX;
    }

    private static int fromOld(int value) {
        return value == OLD_MAX ? MAX : value * MAX / -OLD_NEVER;
    }
}
