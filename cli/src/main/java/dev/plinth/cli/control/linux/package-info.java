/**
 * The calls of unix(7) and cmsg(3) that control sockets are made of, with the numbers and layouts
 * of Linux' headers for x86-64: {@link dev.plinth.cli.control.linux.SocketCalls}.
 *
 * <p>No locks. Imports {@code dev.plinth.api} only.
 */
package dev.plinth.cli.control.linux;
