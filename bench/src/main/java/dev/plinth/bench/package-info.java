/**
 * Benchmarks of Plinth beside native execution and other sandboxes, in one run.
 *
 * <p>In reading order: {@link dev.plinth.bench.Main} (options, and what is printed), {@code
 * Programs} (the C programs that are measured), {@code Runner} (native, Plinth, a peer) with {@code
 * Runners} (those of this machine), {@code ChildProcess} (one measured command), {@code
 * MicroBenchmark} and {@code StartBenchmark} (the rounds), {@code Samples}, {@code Report}.
 *
 * <p>Plinth is measured as its users run it, by its command: nothing of the kernel is imported.
 * Everything is confined to the main thread.
 */
package dev.plinth.bench;
