package dev.plinth.kernel.strace;

import dev.plinth.kernel.errno.ErrnoException;
import dev.plinth.kernel.net.SocketAddress;
import dev.plinth.kernel.net.linux.Socket;
import dev.plinth.kernel.syscall.ArgumentFormat;
import dev.plinth.kernel.syscall.SyscallArguments;
import dev.plinth.kernel.task.Task;

import java.nio.charset.StandardCharsets;

/** How arguments of the calls on sockets are shown. */
public final class SocketFormats {
    /** Whether a socket is closed by execve(2), and whether it waits. */
    public static final FlagFormat SOCKET_FLAGS =
            new FlagFormat("0")
                    .with(Socket.SOCK_CLOEXEC, "SOCK_CLOEXEC")
                    .with(Socket.SOCK_NONBLOCK, "SOCK_NONBLOCK");

    /** A family of protocols. */
    public static final ArgumentFormat FAMILY =
            new NameFormat()
                    .with(Socket.AF_UNSPEC, "AF_UNSPEC")
                    .with(Socket.AF_UNIX, "AF_UNIX")
                    .with(2, "AF_INET")
                    .with(10, "AF_INET6")
                    .with(16, "AF_NETLINK")
                    .with(17, "AF_PACKET")
                    .family("AF_???");

    /** A type of socket, with flags. */
    public static final ArgumentFormat TYPE =
            new FlagFormat("0", Socket.SOCK_TYPE_MASK)
                    .with(Socket.SOCK_STREAM, "SOCK_STREAM")
                    .with(Socket.SOCK_DGRAM, "SOCK_DGRAM")
                    .with(Socket.SOCK_RAW, "SOCK_RAW")
                    .with(Socket.SOCK_SEQPACKET, "SOCK_SEQPACKET")
                    .with(Socket.SOCK_CLOEXEC, "SOCK_CLOEXEC")
                    .with(Socket.SOCK_NONBLOCK, "SOCK_NONBLOCK");

    /** What shutdown(2) ends. */
    public static final ArgumentFormat HOW =
            NameFormat.ofList("SHUT_RD", "SHUT_WR", "SHUT_RDWR").family("SHUT_???");

    /** How something is sent or received. */
    public static final FlagFormat MESSAGE_FLAGS =
            new FlagFormat("0")
                    .with(Socket.MSG_OOB, "MSG_OOB")
                    .with(Socket.MSG_PEEK, "MSG_PEEK")
                    .with(Socket.MSG_CTRUNC, "MSG_CTRUNC")
                    .with(Socket.MSG_TRUNC, "MSG_TRUNC")
                    .with(Socket.MSG_DONTWAIT, "MSG_DONTWAIT")
                    .with(Socket.MSG_WAITALL, "MSG_WAITALL")
                    .with(Socket.MSG_NOSIGNAL, "MSG_NOSIGNAL")
                    .with(Socket.MSG_WAITFORONE, "MSG_WAITFORONE")
                    .with(Socket.MSG_CMSG_CLOEXEC, "MSG_CMSG_CLOEXEC");

    /** Whose options they are. */
    public static final ArgumentFormat LEVEL =
            new NameFormat().with(Socket.SOL_SOCKET, "SOL_SOCKET").family("SOL_???");

    /** An option of a socket. */
    public static final ArgumentFormat OPTION =
            new NameFormat()
                    .with(Socket.SO_REUSEADDR, "SO_REUSEADDR")
                    .with(Socket.SO_TYPE, "SO_TYPE")
                    .with(Socket.SO_ERROR, "SO_ERROR")
                    .with(Socket.SO_SNDBUF, "SO_SNDBUF")
                    .with(Socket.SO_RCVBUF, "SO_RCVBUF")
                    .with(Socket.SO_KEEPALIVE, "SO_KEEPALIVE")
                    .with(Socket.SO_LINGER, "SO_LINGER")
                    .with(Socket.SO_PASSCRED, "SO_PASSCRED")
                    .with(Socket.SO_PEERCRED, "SO_PEERCRED")
                    .with(Socket.SO_RCVLOWAT, "SO_RCVLOWAT")
                    .with(Socket.SO_SNDLOWAT, "SO_SNDLOWAT")
                    .with(Socket.SO_RCVTIMEO, "SO_RCVTIMEO")
                    .with(Socket.SO_SNDTIMEO, "SO_SNDTIMEO")
                    .with(Socket.SO_ACCEPTCONN, "SO_ACCEPTCONN")
                    .with(Socket.SO_PROTOCOL, "SO_PROTOCOL")
                    .with(Socket.SO_DOMAIN, "SO_DOMAIN")
                    .family("SO_???");

    /** The address of a name; the argument behind it is its length. */
    public static final ArgumentFormat ADDRESS = SocketFormats::appendAddress;

    private SocketFormats() {}

    private static void appendAddress(
            StringBuilder out, Task task, SyscallArguments arguments, int index, long result) {
        long address = arguments.longAt(index);
        int length = arguments.intAt(index + 1);
        if (address == 0 || length <= 0 || length > Socket.SOCKADDR_UN_BYTES) {
            Formats.appendPointer(out, address);
            return;
        }
        SocketAddress name;
        try {
            name = SocketAddress.parse(task.guestMemory().copyIn(address, length));
        } catch (ErrnoException e) {
            Formats.appendPointer(out, address);
            return;
        }
        out.append("{sa_family=AF_UNIX");
        if (!name.isUnnamed()) {
            boolean path = name.isPath();
            String shown = path ? name.bytes() : name.bytes().substring(1);
            out.append(path ? ", sun_path=" : ", sun_path=@");
            byte[] bytes = shown.getBytes(StandardCharsets.ISO_8859_1);
            Formats.appendQuoted(out, bytes, bytes.length);
        }
        out.append('}');
    }
}
