/**
 * Checkpoint and restore of a whole sandbox: puts together what {@code task} (stopping the world),
 * {@code state} (objects), {@code memory} (pages) and {@code image} (files) do.
 *
 * <p>In reading order: {@link dev.plinth.kernel.checkpoint.Checkpoint} (the state of a sandbox on
 * its way into an image), {@link dev.plinth.kernel.checkpoint.Requirements} (what an image needs of
 * those who restore it). The order of a restore, from the image to tasks that run, is that of
 * {@code SandboxRestorer} in {@code boot}.
 *
 * <p><b>Saving.</b> The image's directory is made first: what is wrong with it is known before
 * anything stops. Then the world stops; all objects are saved, beginning with the processes. Pages
 * are written when the world goes on, or at once if the sandbox is to end. Those of processes
 * themselves are kept by reference until then, and copied by who writes to them; those that are
 * written in place are frozen, and copied aside before somebody writes to them. Whatever fails, a
 * defect of Plinth's included, is told as STATE_UNSAVABLE or IMAGE_UNWRITABLE; the sandbox goes on,
 * and there is no image.
 *
 * <p><b>Restoring.</b> The inventory is checked, then the roles of descriptors, then the platform,
 * before anything is made. Then come memory, clock, vDSO, files, the kernel, processes and tasks,
 * what they are to each other, and last the threads, none of which runs before each has a context.
 * Whatever fails, all of it is given back, and the image is as it was.
 *
 * <p>No locks. Imports any package of the kernel but {@code boot}, which makes sandboxes and asks
 * for this.
 */
package dev.plinth.kernel.checkpoint;
