/**
 * Who a task acts as: {@link dev.plinth.kernel.cred.Credentials}, {@link
 * dev.plinth.kernel.cred.Ids}, {@link dev.plinth.kernel.cred.Capability}, {@link
 * dev.plinth.kernel.cred.CapabilitySets}, {@link dev.plinth.kernel.cred.SecureBits}.
 *
 * <p>What a task may make of that: {@link dev.plinth.kernel.cred.IdentityChanges}, {@link
 * dev.plinth.kernel.cred.CapabilityChanges}, {@link dev.plinth.kernel.cred.ExecCredentials}; and
 * what it lets a task do to others: {@link dev.plinth.kernel.cred.CrossProcessAccess}.
 *
 * <p>Values only, no locks. A sandbox starts as the user who invoked it, unless told otherwise: the
 * guest sees that user's ids, so that a check of the guest's permissions agrees with what the host
 * would let Plinth do. Imports {@code dev.plinth.api}, {@code errno} and {@code state} only.
 */
package dev.plinth.kernel.cred;
