/**
 * The state of a sandbox as objects that refer to each other: what every package of the kernel uses
 * to save its objects in a checkpoint, and to make them again.
 *
 * <p>In reading order: {@link dev.plinth.kernel.state.Stateful} (an object that is saved), {@link
 * dev.plinth.kernel.state.StateWriter} (numbers objects and writes each once), {@link
 * dev.plinth.kernel.state.Restorer} and {@link dev.plinth.kernel.state.Restorers} (who makes an
 * object of a kind again), {@link dev.plinth.kernel.state.StateReader} (has them made, each once),
 * {@link dev.plinth.kernel.state.HeapBudget} (how much they may be), {@link
 * dev.plinth.kernel.state.TopDown} (chains), {@link dev.plinth.kernel.state.Portions} (what may be
 * too much for a message), {@link dev.plinth.kernel.state.Timestamps}, {@link
 * dev.plinth.kernel.state.SavedMemory} (the pages that objects have), {@link
 * dev.plinth.kernel.state.SavedWith} and {@link dev.plinth.kernel.state.NotSaved} (what a class
 * says that is not saved by itself).
 *
 * <p><b>Form.</b> kernel.img is a sequence of protobuf messages, each preceded by its length as a
 * varint: a {@code KernelState}, then an {@code ObjectState} for each object. What they say is
 * described by the {@code .proto} files of {@code plinth/image}, one for each family of objects.
 * Objects refer to each other by number; zero stands for none. An object that is referred to from
 * two places is one object, after the restore as before.
 *
 * <p><b>Saving</b> happens while the world is stopped: every task is at a safe point, in no call
 * and holding no lock, so that an object reads its own fields without one. What can be derived from
 * other state is not saved: caches, wait queues (a call that waited is made again), whatever
 * belongs to a platform, numbers of host descriptors.
 *
 * <p><b>Restoring</b> is hostile to nobody but may be fed by anybody: a restorer checks ranges and
 * lengths and throws {@link dev.plinth.kernel.image.ImageCorruptException}, by way of {@link
 * dev.plinth.kernel.state.StateReader#corrupt}. What messages will take of the heap is reckoned
 * before they are parsed; a restorer of what takes much more than its message does takes it from
 * {@link dev.plinth.kernel.state.StateReader#budget} first. An object that is counted is born with
 * one reference, which is the reader's ({@link dev.plinth.kernel.state.StateReader#counted}); each
 * holder retains it, and the reader gives up its own when all is made, or when the restore fails.
 *
 * <p>Nothing here is shared between threads. Imports {@code dev.plinth.api}, {@code errno}, {@code
 * error} and the exceptions of {@code image} only; it knows no kernel object.
 */
package dev.plinth.kernel.state;
