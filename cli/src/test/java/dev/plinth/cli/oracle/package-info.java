/**
 * The oracle: small C programs that must do in a sandbox what they do on the host's Linux.
 *
 * <p>In reading order: {@code src/test/oracle/oracle.h} (what a case looks like), {@link
 * dev.plinth.cli.oracle.OracleSource} (a file of cases, compiled), {@link
 * dev.plinth.cli.oracle.OracleCase}, {@link dev.plinth.cli.oracle.Outside} and {@link
 * dev.plinth.cli.oracle.Inside} (run a case here and there), {@link
 * dev.plinth.cli.oracle.Observation} (what is compared), {@link dev.plinth.cli.oracle.Differences}
 * (what is meant to differ), {@link dev.plinth.cli.oracle.OracleIT} (all of it as tests), {@link
 * dev.plinth.cli.oracle.OracleCommand} (some of it, by hand).
 *
 * <p>Beside it, and built of the same parts: {@link dev.plinth.cli.oracle.UserlandIT} (real
 * programs), {@link dev.plinth.cli.oracle.Fuzzer} (random system calls), {@link
 * dev.plinth.cli.oracle.RestoresIT} (some of all this, checkpointed and restored on another
 * platform again and again).
 *
 * <p>No locks. Nothing but the tests uses JUnit, so that the command starts without Maven.
 */
package dev.plinth.cli.oracle;
