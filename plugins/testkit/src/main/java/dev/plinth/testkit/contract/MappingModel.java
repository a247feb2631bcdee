package dev.plinth.testkit.contract;

import static dev.plinth.testkit.contract.TestProcess.FREE;

import dev.plinth.api.memory.AccessType;
import dev.plinth.api.platform.Trap;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/**
 * A few pages whose mappings change at random, in an address space and in a model of it.
 *
 * <p>Each page of the file begins with {@code syscall}, so that execution shows as that; its number
 * follows.
 */
final class MappingModel {
    static final int PAGES = 40;

    /** Where a page has its number. */
    static final int NUMBER = 8;

    private static final int NOT_MAPPED = -1;
    private static final long SYSCALL = 0x050f;

    private static final List<AccessType> ACCESSES =
            List.of(
                    AccessType.READ,
                    AccessType.READ_WRITE,
                    AccessType.READ_EXECUTE,
                    AccessType.EXECUTE,
                    AccessType.READ_WRITE_EXECUTE);

    private final PlatformUnderTest tested;
    private final TestProcess process;
    private final Random random;
    private final long offset;

    /** The page of the file that is mapped at each unit. */
    private final int[] pages = new int[PAGES];

    private final AccessType[] accesses = new AccessType[PAGES];

    MappingModel(PlatformUnderTest tested, TestProcess process, long seed) {
        this.tested = tested;
        this.process = process;
        this.random = new Random(seed);
        this.offset = tested.memory().allocate(PAGES * (long) tested.unit());
        Arrays.fill(pages, NOT_MAPPED);
        for (int i = 0; i < PAGES; i++) {
            Words.set(tested.memory().view(), inFile(i), SYSCALL);
            Words.set(tested.memory().view(), inFile(i) + NUMBER, i);
        }
    }

    /** Maps, protects or unmaps some units. */
    void change() {
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(Math.min(6, PAGES - first));
        switch (random.nextInt(4)) {
            case 0 -> {
                process.unmap(process.unit(FREE, first), count);
                Arrays.fill(pages, first, first + count, NOT_MAPPED);
            }
            case 1 -> {
                AccessType access = random.nextInt(4) == 0 ? AccessType.NONE : anyOf(ACCESSES);
                int mapped = 0;
                while (mapped < count && pages[first + mapped] != NOT_MAPPED) {
                    mapped++;
                }
                if (mapped > 0) {
                    process.protect(process.unit(FREE, first), mapped, access);
                    Arrays.fill(accesses, first, first + mapped, access);
                }
            }
            default -> {
                AccessType access = anyOf(ACCESSES);
                int page = random.nextInt(PAGES - count + 1);
                process.map(process.unit(FREE, first), count, inFile(page), access);
                for (int i = 0; i < count; i++) {
                    pages[first + i] = page + i;
                    accesses[first + i] = access;
                }
            }
        }
    }

    int anyUnit() {
        return random.nextInt(PAGES);
    }

    AccessType anyAttempt() {
        return anyOf(List.of(AccessType.READ, AccessType.WRITE, AccessType.EXECUTE));
    }

    long address(int unit) {
        return process.unit(FREE, unit);
    }

    int pageAt(int unit) {
        return pages[unit];
    }

    /** What an attempt at an address in a unit comes to; empty if it succeeds. */
    Optional<Trap> expected(int unit, long address, AccessType attempt) {
        if (pages[unit] == NOT_MAPPED) {
            return Optional.of(Traps.unmapped(address, attempt));
        }
        boolean allowed =
                attempt == AccessType.READ
                        ? accesses[unit] != AccessType.NONE
                        : accesses[unit].covers(attempt);
        return allowed ? Optional.empty() : Optional.of(Traps.denied(address, attempt));
    }

    private long inFile(int page) {
        return offset + page * (long) tested.unit();
    }

    private <T> T anyOf(List<T> choices) {
        return choices.get(random.nextInt(choices.size()));
    }
}
