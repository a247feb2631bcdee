package dev.plinth.platform.kvm;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.memory.AddressRange;
import dev.plinth.api.platform.AddressSpace;
import dev.plinth.api.platform.ExecutionContext;
import dev.plinth.api.platform.Registers;
import dev.plinth.api.platform.Trap;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Maps, protects and unmaps pages at random, and has two vCPUs in one address space find out after
 * each step what each page holds and allows. Both touch the pages all the time, one of them also
 * during the step, so that everything a processor or hypervisor can cache is cached. Other address
 * spaces come and go meanwhile, and tables become empty and are used again.
 */
@RequiresKvm
@Timeout(120)
class PageTableFuzzTest {
    private static final int STEPS = 250;
    private static final int SLOTS = 96;
    private static final int FILE_PAGES = 48;

    /** Each slot lies in a table of its own. */
    private static final long FIRST_SLOT = 0x40_0000_0000L;

    private static final long SLOT_DISTANCE = 0x20_3000;

    // What the programs use in the data page: addresses of the slots, and results of two threads.
    private static final long LIST = 0;
    private static final long RESULTS = 0x400;
    private static final long RESULT_BYTES = 0x400;

    private static final long TAG = 0;
    private static final long RETURN_INSTRUCTION = 16;

    // All: rdi the list, rsi the results, rcx how many; the instruction tried begins at TRIED.
    // mov (%rdi),%rax; mov (%rax),%rbx; mov %rbx,(%rsi); add $8,%rdi; add $8,%rsi; dec %rcx;
    // jnz; syscall
    private static final String READ = "488b07 488b18 48891e 4883c708 4883c608 48ffc9 75ea 0f05";
    // … mov %rcx,8(%rax); movq $1,(%rsi); …
    private static final String WRITE =
            "488b07 48894808 48c70601000000 4883c708 4883c608 48ffc9 75e5 0f05";
    // … add $16,%rax; call *%rax; movq $1,(%rsi); …
    private static final String CALL =
            "488b07 4883c010 ffd0 48c70601000000 4883c708 4883c608 48ffc9 75e3 0f05";

    private static final long READ_CODE = Guest.CODE;
    private static final long WRITE_CODE = Guest.CODE + 0x100;
    private static final long CALL_CODE = Guest.CODE + 0x200;

    private final Random random = new Random(20);
    private final Guest guest = new Guest();

    /** What each slot must be: a page of the file, or -1; and what can be done with it. */
    private final int[] pages = new int[SLOTS];

    private final AccessType[] access = new AccessType[SLOTS];

    private int checks;

    @BeforeEach
    void prepare() {
        put(READ, READ_CODE);
        put(WRITE, WRITE_CODE);
        put(CALL, CALL_CODE);
        Arrays.fill(pages, -1);
        for (int slot = 0; slot < SLOTS; slot++) {
            guest.memory.view().set(JAVA_LONG, Guest.PAGE + LIST + 8L * slot, address(slot));
        }
        for (int page = 0; page < FILE_PAGES; page++) {
            guest.memory.view().set(JAVA_LONG, offset(page) + TAG, 1000 + page);
            guest.memory.view().set(JAVA_BYTE, offset(page) + RETURN_INSTRUCTION, (byte) 0xc3);
        }
    }

    @AfterEach
    void close() {
        guest.close();
    }

    private void put(String hex, long address) {
        byte[] code = HexFormat.of().parseHex(hex.replace(" ", ""));
        guest.memory
                .view()
                .asSlice(address - Guest.CODE, code.length)
                .copyFrom(java.lang.foreign.MemorySegment.ofArray(code));
    }

    private static long address(int slot) {
        return FIRST_SLOT + slot * SLOT_DISTANCE;
    }

    private static long offset(int page) {
        return Guest.FREE + (long) page * Guest.PAGE;
    }

    @Test
    void everyPageIsAlwaysWhatWasSaidLast() throws InterruptedException {
        try (Companion companion = new Companion()) {
            for (int step = 0; step < STEPS; step++) {
                mutate();
                if (step % 5 == 0) {
                    visitAnotherAddressSpace();
                }
                companion.check();
                checkAll(guest.context, guest.registers, 0);
            }
        }
        assertTrue(checks > STEPS * SLOTS);
        assertTrue(guest.platform.machine().arena().peak() < 3 * SLOTS);
    }

    private void mutate() {
        int what = random.nextInt(20);
        if (what == 0) {
            guest.space.unmap(new AddressRange(address(0), address(SLOTS - 1) + Guest.PAGE));
            Arrays.fill(pages, -1);
            return;
        }
        for (int i = 0; i < 12; i++) {
            int slot = random.nextInt(SLOTS);
            if (what < 10 || pages[slot] < 0) {
                map(slot);
            } else if (what < 16) {
                access[slot] = AccessType.ofProt(random.nextInt(8));
                guest.space.protect(Guest.page(address(slot)), access[slot]);
            } else {
                pages[slot] = -1;
                guest.space.unmap(Guest.page(address(slot)));
            }
        }
    }

    private void map(int slot) {
        pages[slot] = random.nextInt(FILE_PAGES);
        access[slot] = AccessType.ofProt(1 + random.nextInt(7));
        guest.map(address(slot), offset(pages[slot]), access[slot]);
    }

    /** One that has other pages at the same addresses, and maybe tables that were ours. */
    private void visitAnotherAddressSpace() {
        try (AddressSpace other = guest.platform.newAddressSpace()) {
            other.map(Guest.page(Guest.CODE), guest.memory, 0, AccessType.READ_EXECUTE);
            other.map(Guest.page(Guest.DATA), guest.memory, Guest.PAGE, AccessType.READ_WRITE);
            int page = random.nextInt(FILE_PAGES);
            for (int slot = 0; slot < SLOTS; slot++) {
                other.map(Guest.page(address(slot)), guest.memory, offset(page), AccessType.READ);
            }
            long[] found = attempt(guest.context, other, guest.registers, READ_CODE, 0);
            for (int slot = 0; slot < SLOTS; slot++) {
                assertEquals(1000 + page, found[slot]);
            }
        }
    }

    private void checkAll(ExecutionContext context, Registers registers, int thread) {
        long[] read = attempt(context, guest.space, registers, READ_CODE, thread);
        long[] written = attempt(context, guest.space, registers, WRITE_CODE, thread);
        long[] called = attempt(context, guest.space, registers, CALL_CODE, thread);
        for (int slot = 0; slot < SLOTS; slot++) {
            int number = slot;
            boolean mapped = pages[slot] >= 0;
            AccessType allowed = mapped ? access[slot] : AccessType.NONE;
            long tag = allowed == AccessType.NONE ? 0 : 1000 + pages[slot];
            assertEquals(tag, read[slot], () -> "read, slot " + number);
            assertEquals(allowed.canWrite() ? 1 : 0, written[slot], () -> "write, slot " + number);
            assertEquals(allowed.canExecute() ? 1 : 0, called[slot], () -> "call, slot " + number);
            checks += 3;
        }
    }

    /** Tries something on each slot. */
    private long[] attempt(
            ExecutionContext context,
            AddressSpace space,
            Registers registers,
            long code,
            int thread) {
        long results = RESULTS + thread * RESULT_BYTES;
        guest.memory.view().asSlice(Guest.PAGE + results, RESULT_BYTES).fill((byte) 0);
        Guest.reset(registers);
        registers.setRip(code);
        registers.setRsp(Guest.STACK - thread * 0x800L);
        registers.setRdi(Guest.DATA + LIST);
        registers.setRsi(Guest.DATA + results);
        registers.setRcx(SLOTS);
        long behind = code + (code == READ_CODE ? 9 : code == WRITE_CODE ? 14 : 16);
        Trap trap = context.run(space, registers);
        while (trap instanceof Trap.Fault || trap instanceof Trap.Interrupted) {
            if (trap instanceof Trap.Fault fault) {
                if (fault.access() == AccessType.EXECUTE) {
                    registers.setRsp(registers.rsp() + 8);
                }
                registers.setRip(behind);
            }
            trap = context.run(space, registers);
        }
        assertEquals(Trap.SYSTEM_CALL, trap);
        long[] found = new long[SLOTS];
        for (int slot = 0; slot < SLOTS; slot++) {
            found[slot] = guest.memory.view().get(JAVA_LONG, Guest.PAGE + results + 8L * slot);
        }
        return found;
    }

    /** The other vCPU: reads all pages again and again, and checks them when asked. */
    private final class Companion implements AutoCloseable {
        private final SynchronousQueue<Boolean> requests = new SynchronousQueue<>();
        private final SynchronousQueue<Throwable> answers = new SynchronousQueue<>();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Thread thread = Thread.ofPlatform().start(this::work);

        private void work() {
            Registers registers = new Registers();
            try (ExecutionContext context = guest.platform.newContext()) {
                while (!over.get()) {
                    attempt(context, guest.space, registers, READ_CODE, 1);
                    if (requests.poll() != null) {
                        answers.put(result(context, registers));
                    }
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private Throwable result(ExecutionContext context, Registers registers) {
            try {
                checkAll(context, registers, 1);
                return new Throwable("good");
            } catch (AssertionError e) {
                return e;
            }
        }

        void check() throws InterruptedException {
            assertTrue(requests.offer(true, 30, TimeUnit.SECONDS), "the other thread is gone");
            Throwable answer = answers.take();
            if (answer instanceof AssertionError error) {
                throw error;
            }
        }

        @Override
        public void close() {
            over.set(true);
            boolean joined = false;
            while (!joined) {
                try {
                    thread.join();
                    joined = true;
                } catch (InterruptedException e) {
                    over.set(true);
                }
            }
        }
    }
}
