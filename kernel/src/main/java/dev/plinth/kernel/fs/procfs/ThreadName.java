package dev.plinth.kernel.fs.procfs;

import dev.plinth.api.linux.Errno;
import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.fs.pseudofs.PseudoContent;
import dev.plinth.kernel.vfs.Caller;

import java.util.Arrays;

/** /proc/[pid]/comm: the name of a thread, which the process itself may change. */
final class ThreadName implements PseudoContent {
    private static final int NAME_BYTES = 15;

    private final ProcessView process;
    private final ThreadView thread;

    ThreadName(ProcessView process, ThreadView thread) {
        this.process = process;
        this.thread = thread;
    }

    @Override
    public byte[] read() {
        byte[] name = thread.name();
        byte[] line = Arrays.copyOf(name, name.length + 1);
        line[name.length] = '\n';
        return line;
    }

    @Override
    public void write(byte[] text, Caller writer) {
        if (writer.processId() != process.pid()) {
            throw ErrnoException.of(Errno.EINVAL);
        }
        int end = 0;
        while (end < Math.min(text.length, NAME_BYTES) && text[end] != 0) {
            end++;
        }
        thread.setName(Arrays.copyOf(text, end));
    }
}
