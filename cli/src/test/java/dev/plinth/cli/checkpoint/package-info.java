/**
 * Checkpoints and restores, from outside: programs that are moved between platforms and processes,
 * and everything that can go wrong on the way.
 *
 * <p>In reading order: {@link dev.plinth.cli.checkpoint.StoryIT} (a shell script, by commands),
 * {@link dev.plinth.cli.checkpoint.CheckpointIT} (a case for each kind of state, {@code
 * src/test/checkpoint}), {@link dev.plinth.cli.checkpoint.IdentityMatrixIT} and {@link
 * dev.plinth.cli.checkpoint.LaunchedMatrixIT} (each two properties that a move can have, {@link
 * dev.plinth.cli.checkpoint.Matrix}), {@link dev.plinth.cli.checkpoint.FailedCheckpointIT}, {@link
 * dev.plinth.cli.checkpoint.KilledCheckpointIT}, {@link
 * dev.plinth.cli.checkpoint.UntimelyCheckpointIT}, {@link
 * dev.plinth.cli.checkpoint.UntimelyCommandIT}, {@link dev.plinth.cli.checkpoint.RefusedRestoreIT}
 * and {@link dev.plinth.cli.checkpoint.RefusedCommandIT} (faults and bad input), {@link
 * dev.plinth.cli.checkpoint.CloneIT}.
 *
 * <p>What is drawn at random has a fixed seed, and a long form:
 *
 * <pre>
 * mvn -Dfast -pl cli -am verify -Dtest=none -Dsurefire.failIfNoSpecifiedTests=false \
 *         -Dit.test='CheckpointIT,RestoresIT,IdentityMatrixIT,LaunchedMatrixIT,KilledCheckpointIT' \
 *         -Dfailsafe.failIfNoSpecifiedTests=false \
 *         -Dplinth.long=true -Dplinth.matrix.examples=2000 -Dplinth.kills=1000
 * </pre>
 *
 * <p>No locks.
 */
package dev.plinth.cli.checkpoint;
