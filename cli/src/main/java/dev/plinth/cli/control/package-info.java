/**
 * Control of sandboxes by other processes: where sandboxes are registered, and the sockets over
 * which they are spoken to.
 *
 * <p>In reading order: {@link dev.plinth.cli.control.StateRoot} (names) with {@code OwnDirectory}
 * (whose they are), {@link dev.plinth.cli.control.RegisteredEntry}, {@link
 * dev.plinth.cli.control.SandboxDirectory} with {@link dev.plinth.cli.control.SandboxState} (what
 * is known of one) and {@link dev.plinth.cli.control.HostProcess}; {@link
 * dev.plinth.cli.control.ControlClient} and {@link dev.plinth.cli.control.ControlServer} (the two
 * ends of a request), {@link dev.plinth.cli.control.Reply}, {@link
 * dev.plinth.cli.control.Connection} and {@link dev.plinth.cli.control.Message} (bytes on the way),
 * {@link dev.plinth.cli.control.SandboxService} (what a sandbox does when it is asked).
 *
 * <p>A request is a message {@code {"version":1,"command":…,"arguments":{…}}}. Every answer is
 * {@code {"value":{…}}} or {@code {"error":CODE,"message":…,"remedy":…}}; some commands have
 * several answers, and {@code exec} takes further messages. A connection is for one request.
 *
 * <p>Commands that only ask are to start fast: nothing here that a client uses needs the kernel,
 * its plugins or their wiring. Locks: that of {@code StateRoot}, held by one thread and one process
 * at a time; that of {@code SandboxService}, outside of all locks of the sandbox and of its
 * registration; {@code ControlServer.connectionsLock} and {@code Connection.sendLock} are leaves.
 */
package dev.plinth.cli.control;
