/**
 * Images that were changed by somebody hostile, and what becomes of a restore of each: {@code
 * ImageFiles} (an image in memory), {@code ImageMutator} and {@code StateMutator} (change it),
 * {@code MutatedImages} (restores what came out), {@code MutatedImagesCommand} (the same by hand).
 */
package dev.plinth.cli.mutation;
