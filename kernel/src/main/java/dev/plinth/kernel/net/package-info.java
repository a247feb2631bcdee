/**
 * Unix sockets, unix(7). There are no others.
 *
 * <p>In reading order: {@link dev.plinth.kernel.net.UnixSockets} (makes them, knows their names),
 * {@link dev.plinth.kernel.net.UnixSocket}, and its parts: {@code Association} (whom it is
 * connected with), {@code Shutdown} (which directions no longer go), {@code MessageQueue} with
 * {@code Message} (what was sent to it), {@code SendBuffer} (what it has sent, until that is read),
 * {@code Backlog} (who wants to connect to it). {@code RightsInFlight} are open files on their way,
 * and knows those that nobody will ever receive. Values: {@link dev.plinth.kernel.net.SocketType},
 * {@link dev.plinth.kernel.net.SocketAddress}, {@link dev.plinth.kernel.net.SocketCredentials},
 * {@link dev.plinth.kernel.net.Outgoing}, {@link dev.plinth.kernel.net.Received}, {@link
 * dev.plinth.kernel.net.SocketOptions}.
 *
 * <p>Lock order, outermost first: the lock of the names; a backlog's lock; a queue's read lock,
 * which is a content lock in the order of {@code vfs}; the lock of the rights; a queue's lock. Of
 * each kind a thread holds one. Waiters are woken and files closed with none held. Imports {@code
 * api}, {@code cred}, {@code errno}, {@code io}, {@code state}, {@code time} and {@code vfs}.
 */
package dev.plinth.kernel.net;
