package dev.plinth.kernel.net.linux;

/**
 * {@code linux/socket.h}, {@code asm-generic/socket.h}, {@code linux/net.h}, {@code linux/un.h}.
 */
public final class Socket {
    public static final int AF_UNSPEC = 0;
    public static final int AF_UNIX = 1;

    /** {@code AF_MAX}: no family has a number from here on. */
    public static final int AF_MAX = 46;

    public static final int SOCK_STREAM = 1;
    public static final int SOCK_DGRAM = 2;
    public static final int SOCK_RAW = 3;
    public static final int SOCK_SEQPACKET = 5;
    public static final int SOCK_TYPE_MASK = 0xf;

    /** {@code SOCK_MAX}: no type has a number from here on. */
    public static final int SOCK_MAX = 11;

    public static final int SOCK_NONBLOCK = 0x800;
    public static final int SOCK_CLOEXEC = 0x8_0000;

    public static final int SHUT_RD = 0;
    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;

    public static final int MSG_OOB = 0x1;
    public static final int MSG_PEEK = 0x2;
    public static final int MSG_CTRUNC = 0x8;
    public static final int MSG_TRUNC = 0x20;
    public static final int MSG_DONTWAIT = 0x40;
    public static final int MSG_WAITALL = 0x100;
    public static final int MSG_NOSIGNAL = 0x4000;
    public static final int MSG_WAITFORONE = 0x1_0000;
    public static final int MSG_CMSG_CLOEXEC = 0x4000_0000;

    public static final int SOL_SOCKET = 1;
    public static final int SCM_RIGHTS = 1;
    public static final int SCM_CREDENTIALS = 2;

    /** {@code SCM_MAX_FD} of net/scm.h. */
    public static final int SCM_MAX_FD = 253;

    public static final int SO_DEBUG = 1;
    public static final int SO_REUSEADDR = 2;
    public static final int SO_TYPE = 3;
    public static final int SO_ERROR = 4;
    public static final int SO_DONTROUTE = 5;
    public static final int SO_BROADCAST = 6;
    public static final int SO_SNDBUF = 7;
    public static final int SO_RCVBUF = 8;
    public static final int SO_KEEPALIVE = 9;
    public static final int SO_OOBINLINE = 10;
    public static final int SO_PRIORITY = 12;
    public static final int SO_LINGER = 13;
    public static final int SO_PASSCRED = 16;
    public static final int SO_PEERCRED = 17;
    public static final int SO_RCVLOWAT = 18;
    public static final int SO_SNDLOWAT = 19;
    public static final int SO_RCVTIMEO = 20;
    public static final int SO_SNDTIMEO = 21;
    public static final int SO_TIMESTAMP = 29;
    public static final int SO_ACCEPTCONN = 30;
    public static final int SO_SNDBUFFORCE = 32;
    public static final int SO_RCVBUFFORCE = 33;
    public static final int SO_PROTOCOL = 38;
    public static final int SO_DOMAIN = 39;
    public static final int SO_PEERGROUPS = 59;

    /** {@code linux/sockios.h}. */
    public static final int SIOCOUTQ = 0x5411;

    public static final int SIOCINQ = 0x541B;

    /** {@code struct sockaddr_un}: short family, and the path. */
    public static final int SOCKADDR_UN_BYTES = 110;

    /** {@code struct sockaddr_storage}: no address is longer. */
    public static final int SOCKADDR_STORAGE_BYTES = 128;

    private Socket() {}
}
