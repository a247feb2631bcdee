package dev.plinth.platform.ptrace;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.Pages;
import dev.plinth.api.platform.Registers;
import dev.plinth.platform.ptrace.linux.UserRegs;
import dev.plinth.platform.ptrace.stub.StubLayout;
import dev.plinth.platform.ptrace.x86.Instruction;
import dev.plinth.platform.ptrace.x86.InstructionDecoder;

import java.nio.ByteBuffer;

/**
 * Finds out what an instruction tried to do at the address where it faulted.
 *
 * <p>The processor tells the host, but ptrace does not pass it on. Most often the mappings answer
 * it: what can be read was written to, and what cannot be executed at rip was to be executed. Only
 * where the page allows nothing at all is the instruction decoded. One that the decoder does not
 * know is taken for a read; if the page is then made readable and the instruction still faults, it
 * is known to write.
 *
 * <p>Confined to the tracer's thread.
 */
final class FaultAccess {
    /** The most that an instruction writes below the stack pointer: {@code call far}. */
    private static final int MAX_PUSH_BYTES = 16;

    /** The most that one step of a string instruction reads or writes. */
    private static final int MAX_STRING_BYTES = 8;

    private final Tracer tracer;
    private final byte[] code = new byte[3 * Long.BYTES];
    private final ByteBuffer codeWords = ByteBuffer.wrap(code).order(LITTLE_ENDIAN);

    FaultAccess(Tracer tracer) {
        this.tracer = tracer;
    }

    /**
     * Decides what it was.
     *
     * @param forbidden whether the mappings did not allow it; else what is behind them failed
     * @param mapped whether something was mapped there when it faulted. What is mapped now may be
     *     more, for another thread may have had the same fault
     */
    AccessType of(
            int tid,
            long address,
            boolean forbidden,
            boolean mapped,
            PtraceAddressSpace space,
            Registers registers) {
        long rip = registers.rip();
        boolean executable =
                mapped && (space.isExecutable(address) || isIn(StubLayout.STUB_PAGE, address));
        if (address == rip && !executable) {
            return AccessType.EXECUTE;
        }
        if (!executable && isNextPage(rip, address)) {
            Instruction instruction = decode(tid, rip, (int) (address - rip));
            if (instruction.kind() != Instruction.Kind.KNOWN) {
                return AccessType.EXECUTE;
            }
        }
        boolean readable =
                space.isReadable(address)
                        || isIn(StubLayout.STUB_PAGE, address)
                        || isIn(StubLayout.BATCH_PAGE, address);
        if (readable && forbidden && mapped) {
            return AccessType.WRITE;
        }
        if (registers.cs() != UserRegs.USER_CS) {
            // A guest that went to 32-bit mode by a far jump: other instructions, not decoded.
            return AccessType.READ;
        }
        Instruction instruction = decode(tid, rip, InstructionDecoder.MAX_LENGTH);
        return writes(instruction, address, registers) ? AccessType.WRITE : AccessType.READ;
    }

    /** Whether an instruction at rip may reach into the page that begins at the address. */
    private static boolean isNextPage(long rip, long address) {
        return Pages.isAligned(address)
                && address > rip
                && address - rip < InstructionDecoder.MAX_LENGTH;
    }

    private static boolean isIn(long page, long address) {
        return Pages.floor(address) == page;
    }

    private static boolean writes(Instruction instruction, long address, Registers registers) {
        return switch (instruction.effect()) {
            case READS -> false;
            case WRITES -> true;
            case PUSHES -> isWithin(address, registers.rsp() - MAX_PUSH_BYTES, MAX_PUSH_BYTES);
            case POPS_TO_MEMORY -> !isWithin(address, registers.rsp(), Long.BYTES);
            case COPIES_STRING ->
                    touches(registers.rdi(), address) && !touches(registers.rsi(), address);
        };
    }

    private static boolean isWithin(long address, long start, int length) {
        return address - start >= 0 && address - start < length;
    }

    /** Whether one step of a string instruction touches the page of the address. */
    private static boolean touches(long pointer, long address) {
        return Pages.floor(pointer) == Pages.floor(address)
                || Pages.floor(pointer + MAX_STRING_BYTES - 1) == Pages.floor(address);
    }

    private Instruction decode(int tid, long rip, int limit) {
        long first = rip & -Long.BYTES;
        int skipped = (int) (rip - first);
        int read = 0;
        while (read < skipped + limit && tracer.peek(tid, first + read)) {
            codeWords.putLong(read, tracer.word());
            read += Long.BYTES;
        }
        int available = Math.min(read - skipped, limit);
        System.arraycopy(code, skipped, code, 0, Math.max(available, 0));
        return InstructionDecoder.decode(code, Math.max(available, 0));
    }
}
