/**
 * Who a task acts as: {@link dev.plinth.kernel.cred.Credentials}, {@link
 * dev.plinth.kernel.cred.Ids}, {@link dev.plinth.kernel.cred.Capability}.
 *
 * <p>Values only, no locks. A sandbox starts as the user who invoked it: the guest sees that user's
 * ids, so that a check of the guest's permissions agrees with what the host would let Plinth do.
 * Imports {@code dev.plinth.api} only.
 */
package dev.plinth.kernel.cred;
