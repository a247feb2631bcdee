/**
 * What a platform plugin sees of Plinth: the contract between the kernel and whatever executes the
 * instructions of a program.
 */
package dev.plinth.api;
