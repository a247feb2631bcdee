package dev.plinth.kernel.loader;

import dev.plinth.kernel.loader.linux.Elf;
import dev.plinth.kernel.state.NotSaved;

import java.util.ArrayList;
import java.util.List;

/** What the kernel tells a program beside its strings: pairs of a key and a value. */
@NotSaved("of one call of execve(2)")
final class AuxiliaryVector {
    private final List<long[]> entries = new ArrayList<>();

    /** Adds an entry. */
    AuxiliaryVector with(long key, long value) {
        entries.add(new long[] {key, value});
        return this;
    }

    /** The words as they stand on the stack, the entry that ends them included. */
    long[] words() {
        long[] words = new long[2 * entries.size() + 2];
        for (int i = 0; i < entries.size(); i++) {
            words[2 * i] = entries.get(i)[0];
            words[2 * i + 1] = entries.get(i)[1];
        }
        words[words.length - 2] = Elf.AT_NULL;
        return words;
    }
}
