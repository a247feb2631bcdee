import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Writes two small Linux programs: one makes the system calls which most programs make when they
 * start, the other sleeps until somebody ends it, or for a minute.
 *
 * <p>A run of them shows the JVM what to put into its AOT cache. They are made here, byte by byte,
 * so that the build needs neither a C compiler nor a static program on the machine.
 */
final class TrainingProgram {
    private static final long TEXT = 0x400000;
    private static final long DATA = 0x600000;
    private static final int DATA_BYTES = 0x10000;
    private static final long BREAK = DATA + DATA_BYTES;
    private static final int HEADER_BYTES = 64 + 2 * 56;

    private final ByteBuffer file = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);

    private TrainingProgram() {}

    public static void main(String[] arguments) throws IOException {
        TrainingProgram starting = new TrainingProgram();
        starting.assembleStart();
        starting.write(Path.of(arguments[0]));
        TrainingProgram sleeping = new TrainingProgram();
        sleeping.assembleSleep();
        sleeping.write(Path.of(arguments[1]));
    }

    private void write(Path program) throws IOException {
        Files.write(program, file.array());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private void assembleSleep() {
        file.position(HEADER_BYTES);
        long minute = TEXT + file.position();
        file.putLong(60).putLong(0);
        long entry = TEXT + file.position();
        call(35, minute, 0); // nanosleep
        call(231, 0); // exit_group
        finish(entry);
    }

    private void assembleStart() {
        file.position(HEADER_BYTES);
        long greeting = string("");
        long directory = string("/etc");
        long regular = string("/etc/passwd");
        long link = string("/proc/self/exe");
        long device = string("/dev/null");
        long other = string("/bin/true");
        file.position((file.position() + 7) & -8);
        long arguments = TEXT + file.position();
        file.putLong(other).putLong(0);
        long entry = TEXT + file.position();

        // The numbers are those of asm/unistd_64.h; 3 is the descriptor that an open here gives.
        call(12); // brk
        call(158, 0x1002, DATA); // arch_prctl(ARCH_SET_FS)
        call(218, DATA); // set_tid_address
        call(273, DATA, 24); // set_robust_list
        call(302, 0, 3, 0, DATA); // prlimit64(RLIMIT_STACK)
        call(318, DATA, 8, 1); // getrandom
        call(63, DATA); // uname
        call(89, link, DATA, 100); // readlink
        call(39); // getpid
        call(102); // getuid
        call(13, 2, 0, DATA, 8); // rt_sigaction
        call(14, 0, 0, DATA, 8); // rt_sigprocmask
        call(228, 1, DATA); // clock_gettime
        call(16, 1, 0x5401, DATA); // ioctl(TCGETS)
        call(79, DATA, 100); // getcwd
        call(21, regular, 4); // access
        call(4, regular, DATA); // stat
        call(262, -100, directory, DATA, 0); // newfstatat
        call(257, -100, regular, 0); // openat
        call(5, 3, DATA); // fstat
        call(0, 3, DATA + 4096, 4096); // read
        call(8, 3, 0, 0); // lseek
        call(9, 0, 4096, 1, 2, 3, 0); // mmap of the file
        call(3, 3); // close
        call(257, -100, directory, 0x10000); // openat(O_DIRECTORY)
        call(217, 3, DATA + 8192, 4096); // getdents64
        call(3, 3); // close
        call(257, -100, device, 2); // openat
        call(1, 3, DATA, 1); // write
        call(20, 3, DATA, 0); // writev
        call(3, 3); // close
        call(9, 0x700000, 0x10000, 3, 0x32, -1, 0); // mmap
        call(10, 0x700000, 4096, 1); // mprotect
        call(11, 0x700000, 0x10000); // munmap
        call(1, 1, greeting, 0); // write
        call(12, BREAK + 0x1000); // brk
        call(22, DATA); // pipe
        call(25, 0x700000, 4096, 8192, 1); // mremap of what is not mapped
        call(57); // fork: from here on there are two of it
        call(61, -1, DATA, 0, 0); // wait4, which the child has nobody for
        call(59, other, arguments, arguments + 8); // execve of a dynamic program, if there is one
        call(231, 0); // exit_group
        finish(entry);
    }

    private void finish(long entry) {
        int length = file.position();
        file.position(0);
        header(entry);
        segment(5, TEXT, length, length);
        segment(6, DATA, 16, DATA_BYTES);
    }

    private long string(String text) {
        long address = TEXT + file.position();
        file.put(text.getBytes(StandardCharsets.US_ASCII)).put((byte) 0);
        return address;
    }

    /** Loads the registers of a system call, and makes it. */
    private void call(int number, long... arguments) {
        // mov rdi, rsi, rdx, r10, r8 and r9: the prefix, the opcode, eight bytes
        int[] moves = {0xbf48, 0xbe48, 0xba48, 0xba49, 0xb849, 0xb949};
        for (int i = 0; i < arguments.length; i++) {
            file.putShort((short) moves[i]).putLong(arguments[i]);
        }
        file.put((byte) 0xb8).putInt(number); // mov eax
        file.putShort((short) 0x050f); // syscall
    }

    /** Elf64_Ehdr of elf.h: an executable for x86-64. */
    private void header(long entry) {
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        file.putShort((short) 2).putShort((short) 62).putInt(1);
        file.putLong(entry).putLong(64).putLong(0).putInt(0);
        file.putShort((short) 64).putShort((short) 56).putShort((short) 2);
        file.putShort((short) 64).putShort((short) 0).putShort((short) 0);
    }

    /** Elf64_Phdr of elf.h: PT_LOAD from the start of the file. */
    private void segment(int flags, long address, long fileBytes, long memoryBytes) {
        file.putInt(1).putInt(flags).putLong(0).putLong(address).putLong(address);
        file.putLong(fileBytes).putLong(memoryBytes).putLong(4096);
    }
}
