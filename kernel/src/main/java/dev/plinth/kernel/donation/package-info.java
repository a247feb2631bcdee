/**
 * Donation: the descriptors that a sandbox runs with, from the launcher's side and from the
 * sandbox's.
 *
 * <p>In reading order: {@link dev.plinth.kernel.donation.ForegroundDonation} (launcher and sandbox
 * are one process: devices are opened and the layout is made in place); {@link
 * dev.plinth.kernel.donation.LauncherDonation} and {@link dev.plinth.kernel.donation.Adoption}
 * (they are two: what the one gives and the other takes, as a {@link
 * dev.plinth.kernel.donation.DonationManifest} says); {@link
 * dev.plinth.kernel.donation.DonatedDescriptors} (what the sandbox then has, by role).
 *
 * <p>After a donation nothing in the kernel knows a descriptor by its number. No locks. Imports
 * {@code dev.plinth.api} and {@code error} only.
 */
package dev.plinth.kernel.donation;
