package dev.plinth.cli.checkpoint;

import static dev.plinth.testkit.assembler.Register.R10;
import static dev.plinth.testkit.assembler.Register.R12;
import static dev.plinth.testkit.assembler.Register.R13;
import static dev.plinth.testkit.assembler.Register.RAX;
import static dev.plinth.testkit.assembler.Register.RBX;
import static dev.plinth.testkit.assembler.Register.RDI;
import static dev.plinth.testkit.assembler.Register.RDX;
import static dev.plinth.testkit.assembler.Register.RSI;

import dev.plinth.testkit.assembler.GuestAssembler;
import dev.plinth.testkit.assembler.GuestExecutable;
import dev.plinth.testkit.assembler.Register;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;

/**
 * A program that tells all it can find out of its standard descriptors and their duplicates, again
 * at each SIGUSR1, in a file. Made of instructions that every platform executes, the mock too.
 */
final class Witness {
    /** Where it writes, in a directory of the host: complete when it is there. */
    static final String DIRECTORY = "/mnt";

    static final String REPORT = "report";

    private static final long SYS_READ = 0;
    private static final long SYS_WRITE = 1;
    private static final long SYS_CLOSE = 3;
    private static final long SYS_FSTAT = 5;
    private static final long SYS_LSEEK = 8;
    private static final long SYS_RT_SIGPROCMASK = 14;
    private static final long SYS_DUP2 = 33;
    private static final long SYS_FCNTL = 72;
    private static final long SYS_RENAME = 82;
    private static final long SYS_RT_SIGTIMEDWAIT = 128;
    private static final long SYS_OPENAT = 257;

    private static final long AT_FDCWD = -100;
    private static final long O_WRONLY_CREAT_TRUNC = 01101;
    private static final long F_GETFL = 3;
    private static final long F_SETFL = 4;
    private static final int O_NONBLOCK = 04000;
    private static final long SEEK_CUR = 1;
    private static final long SIG_BLOCK = 0;
    private static final long SIGSET_BYTES = 8;
    private static final long SIGUSR1_BIT = 1 << 9;

    private static final int STAT_BYTES = 144;
    private static final int STAT_DEVICE = 0;
    private static final int STAT_INODE = 8;

    private static final List<Register> ARGUMENTS = List.of(RDI, RSI, RDX, R10);

    /** Standard descriptors, then the duplicates. */
    private final List<Integer> descriptors;

    private final Map<Integer, Integer> duplicates;
    private final GuestAssembler code = new GuestAssembler();
    private int reportBytes;

    /**
     * What was found out of one descriptor.
     *
     * @param stat what fstat(2) returned
     * @param position what lseek(2) returned
     * @param shares which descriptors are the same open file, this one too
     */
    record Finding(
            int number, long stat, long device, long inode, long position, List<Integer> shares) {
        boolean isOpen() {
            return stat == 0;
        }

        /** What stays as it is, whatever the descriptor becomes on the host. */
        String identity() {
            return "%d: fstat %d dev %x ino %d shares %s"
                    .formatted(number, stat, device, inode, shares);
        }
    }

    /** The findings, and how reading a byte of standard input and writing to the others went. */
    record Report(List<Finding> findings, long read, char byteRead, long written, long complained) {
        List<String> identities() {
            return findings.stream().map(Finding::identity).toList();
        }
    }

    /**
     * Makes the program.
     *
     * @param duplicates which are made at the start: number &rarr; of which number
     */
    Witness(Map<Integer, Integer> duplicates) {
        this.duplicates = Map.copyOf(duplicates);
        this.descriptors = new ArrayList<>(List.of(0, 1, 2));
        this.descriptors.addAll(duplicates.keySet().stream().sorted().toList());
    }

    /** The executable. */
    byte[] executable() {
        code.mov(RBX, GuestExecutable.DATA_ADDRESS);
        code.mov(R13, SIGUSR1_BIT).push(R13);
        call(SYS_RT_SIGPROCMASK, SIG_BLOCK, Register.RSP, 0L, SIGSET_BYTES);
        for (int target : descriptors.subList(3, descriptors.size())) {
            call(SYS_DUP2, (long) duplicates.get(target), (long) target);
        }
        code.label("again");
        reportBytes = 0;
        for (int each : descriptors) {
            look(each);
        }
        for (int each : descriptors) {
            mark(each);
        }
        talk();
        report();
        call(SYS_RT_SIGTIMEDWAIT, Register.RSP, 0L, 0L, SIGSET_BYTES);
        code.jmp("again");
        code.label("draft").text(DIRECTORY + "/draft\0");
        code.label("report").text(DIRECTORY + "/" + REPORT + "\0");
        code.label("output").text("out\n").label("error").text("err\n");
        return GuestExecutable.of(code.assemble());
    }

    private void look(int number) {
        code.lea(R12, RBX, reportBytes);
        reportBytes += STAT_BYTES;
        call(SYS_FSTAT, (long) number, R12);
        keepResult();
        call(SYS_LSEEK, (long) number, 0L, SEEK_CUR);
        keepResult();
    }

    /** Changes a flag of an open file, and looks at which descriptors it is changed. */
    private void mark(int number) {
        call(SYS_FCNTL, (long) number, F_GETFL);
        code.mov(R13, RAX).mov(R12, O_NONBLOCK).xor(R12, R13);
        call(SYS_FCNTL, (long) number, F_SETFL, R12);
        for (int other : descriptors) {
            call(SYS_FCNTL, (long) other, F_GETFL);
            keepResult();
        }
        call(SYS_FCNTL, (long) number, F_SETFL, R13);
        for (int other : descriptors) {
            call(SYS_FCNTL, (long) other, F_GETFL);
            keepResult();
        }
    }

    private void talk() {
        code.lea(R12, RBX, reportBytes);
        reportBytes += Long.BYTES;
        call(SYS_READ, 0L, R12, 1L);
        keepResult();
        code.lea(R12, "output");
        call(SYS_WRITE, 1L, R12, 4L);
        keepResult();
        code.lea(R12, "error");
        call(SYS_WRITE, 2L, R12, 4L);
        keepResult();
    }

    private void report() {
        code.lea(R12, "draft");
        call(SYS_OPENAT, AT_FDCWD, R12, O_WRONLY_CREAT_TRUNC, 0600L);
        code.mov(R13, RAX);
        call(SYS_WRITE, R13, RBX, (long) reportBytes);
        call(SYS_CLOSE, R13);
        code.lea(R12, "draft").lea(R13, "report");
        call(SYS_RENAME, R12, R13);
    }

    private void keepResult() {
        code.store(RBX, reportBytes, RAX);
        reportBytes += Long.BYTES;
    }

    /** Makes a call; each argument is a number, or a register that holds one. */
    private void call(long number, Object... arguments) {
        for (int i = 0; i < arguments.length; i++) {
            if (arguments[i] instanceof Register source) {
                code.mov(ARGUMENTS.get(i), source);
            } else {
                code.mov(ARGUMENTS.get(i), (Long) arguments[i]);
            }
        }
        code.mov(RAX, number).syscall();
    }

    /** Understands what the program wrote. */
    Report parse(byte[] content) {
        if (content.length != reportBytes) {
            throw new IllegalArgumentException(
                    "%d bytes, not %d: %s"
                            .formatted(
                                    content.length,
                                    reportBytes,
                                    HexFormat.of().formatHex(content)));
        }
        ByteBuffer report = ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN);
        int count = descriptors.size();
        int flags = count * (STAT_BYTES + 2 * Long.BYTES);
        List<Finding> findings = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int at = i * (STAT_BYTES + 2 * Long.BYTES);
            List<Integer> shares = new ArrayList<>();
            for (int j = 0; j < count; j++) {
                int marked = flags + (2 * i * count + j) * Long.BYTES;
                long change = report.getLong(marked) ^ report.getLong(marked + count * Long.BYTES);
                if (change == O_NONBLOCK) {
                    shares.add(descriptors.get(j));
                }
            }
            findings.add(
                    new Finding(
                            descriptors.get(i),
                            report.getLong(at + STAT_BYTES),
                            report.getLong(at + STAT_DEVICE),
                            report.getLong(at + STAT_INODE),
                            report.getLong(at + STAT_BYTES + Long.BYTES),
                            shares));
        }
        int talk = flags + 2 * count * count * Long.BYTES;
        return new Report(
                findings,
                report.getLong(talk + Long.BYTES),
                (char) report.get(talk),
                report.getLong(talk + 2 * Long.BYTES),
                report.getLong(talk + 3 * Long.BYTES));
    }
}
