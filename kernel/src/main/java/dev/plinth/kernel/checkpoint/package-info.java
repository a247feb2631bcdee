/**
 * Checkpoint and restore of a whole sandbox: puts together what {@code task} (stopping the world),
 * {@code state} (objects), {@code memory} (pages) and {@code image} (files) do.
 *
 * <p>Imports any package of the kernel but {@code boot}, which makes sandboxes and asks for this.
 */
package dev.plinth.kernel.checkpoint;
