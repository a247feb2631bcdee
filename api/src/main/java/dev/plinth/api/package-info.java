/**
 * What a platform plugin sees of Plinth, and nothing else.
 *
 * <p>A <em>platform</em> executes the instructions of a sandboxed Linux program and hands back its
 * system calls and faults; everything else is done by the kernel. To write one, read in this order:
 *
 * <ol>
 *   <li>{@link dev.plinth.api.platform} &ndash; the interfaces to implement: factory, platform,
 *       address space, execution context, and the {@link dev.plinth.api.platform.Trap traps};
 *   <li>{@link dev.plinth.api.memory} &ndash; addresses and kinds of access;
 *   <li>{@link dev.plinth.api.host} &ndash; the one seam to the host's Linux, handed to a platform
 *       in its context;
 *   <li>{@link dev.plinth.api.layout} &ndash; which descriptor number a sandbox gets for what;
 *   <li>{@link dev.plinth.api.linux} &ndash; errno and signal names.
 * </ol>
 *
 * <p>This module depends on pf4j (for its {@code ExtensionPoint}) and slf4j-api only. No method
 * takes or returns null unless its documentation says so.
 */
package dev.plinth.api;
