package dev.plinth.kernel.mm;

/** Limits that a test sets. */
final class FakeLimits implements MemoryLimits {
    long addressSpace = INFINITY;
    long data = INFINITY;
    long stack = 8 << 20;
    long locked = 8 << 20;

    @Override
    public long addressSpace() {
        return addressSpace;
    }

    @Override
    public long data() {
        return data;
    }

    @Override
    public long stack() {
        return stack;
    }

    @Override
    public long locked() {
        return locked;
    }
}
