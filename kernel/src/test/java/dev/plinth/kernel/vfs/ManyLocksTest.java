package dev.plinth.kernel.vfs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.plinth.kernel.image.ImageCorruptException;
import dev.plinth.kernel.state.Restorers;
import dev.plinth.kernel.state.SavedState;
import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.Stateful;
import dev.plinth.kernel.state.proto.FileLocksState;
import dev.plinth.kernel.state.proto.KernelState;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.state.proto.ObjectState.KindCase;
import dev.plinth.kernel.state.proto.RecordLockState;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.List;

/** Locks that were saved are compared in one pass, and as before. */
@Timeout(10)
final class ManyLocksTest {
    private static final int FILES = 30;

    private final TestingFiles files = new TestingFiles();

    /** An owner by the number one or two. */
    private static RecordLockState lock(int owner, boolean exclusive, long first, long last) {
        return RecordLockState.newBuilder()
                .setOwnerRef(owner)
                .setExclusive(exclusive)
                .setFirst(first)
                .setLast(last)
                .build();
    }

    private List<Integer> restore(int times, List<RecordLockState> locks) {
        Stateful owner =
                _ ->
                        ObjectState.newBuilder()
                                .setVforkWait(ObjectState.getDefaultInstance().getVforkWait());
        Stateful other =
                _ ->
                        ObjectState.newBuilder()
                                .setVforkWait(ObjectState.getDefaultInstance().getVforkWait());
        List<Integer> references = new ArrayList<>();
        SavedState saved =
                SavedState.save(writer -> {
                    references.add(writer.reference(owner));
                    references.add(writer.reference(other));
                    for (int i = 0; i < times; i++) {
                        Stateful file =
                                _ ->
                                        ObjectState.newBuilder()
                                                .setFileLocks(
                                                        FileLocksState.newBuilder()
                                                                .addAllRecords(locks));
                        references.add(writer.reference(file));
                    }
                    return KernelState.newBuilder();
                });
        Restorers restorers = new Restorers();
        restorers.add(KindCase.VFORK_WAIT, (object, _) -> (Stateful) _ -> object.toBuilder());
        FileLocks.restoring(restorers);
        List<Integer> counts = new ArrayList<>();
        try (StateReader reader = saved.reader(restorers, files.memory)) {
            List<FileLocks> restored =
                    references.subList(2, references.size()).stream()
                            .map(reference -> reader.get(reference, FileLocks.class))
                            .toList();
            reader.linkAll();
            restored.forEach(each -> counts.add(each.records().size()));
        } finally {
            files.close();
        }
        return counts;
    }

    @Test
    void filesWithManyLocksAreRestoredInTime() {
        List<RecordLockState> locks = new ArrayList<>();
        for (int i = FileLocks.MOST_RECORDS; i > 0; i--) {
            locks.add(lock(1 + i % 2, i % 3 == 0, 2L * i, 2L * i));
        }
        List<Integer> counts = restore(FILES, locks);
        assertEquals(FILES, counts.size());
        assertEquals(FileLocks.MOST_RECORDS, counts.getFirst());
    }

    @ParameterizedTest
    @CsvSource({
        "1, false, 0, 9, 1, false, 9, 12, false",
        "1, false, 0, 9, 2, false, 5, 12, true",
        "1, true, 0, 9, 2, false, 9, 12, false",
        "1, false, 0, 9, 2, true, 3, 4, false",
        "2, true, 10, 19, 1, true, 0, 9, true",
    })
    void locksInEachOthersWayAreRefused(
            int owner,
            boolean exclusive,
            long first,
            long last,
            int other,
            boolean otherExclusive,
            long otherFirst,
            long otherLast,
            boolean fits) {
        List<RecordLockState> locks =
                List.of(
                        lock(owner, exclusive, first, last),
                        lock(other, otherExclusive, otherFirst, otherLast));
        if (fits) {
            assertEquals(List.of(2), restore(1, locks));
        } else {
            assertThrows(ImageCorruptException.class, () -> restore(1, locks));
        }
    }
}
