package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.fs.pseudofs.PseudoDirectory;
import dev.plinth.kernel.fs.pseudofs.PseudoTree;

/** /proc/net: headings without lines, for there is no network. */
final class NetworkTexts {
    private static final String SOCKETS =
            "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid"
                    + "  timeout inode";

    private NetworkTexts() {}

    static PseudoDirectory directory(ProcFs fileSystem) {
        return PseudoTree.lazily(fileSystem, NetworkTexts::fill);
    }

    private static void fill(PseudoTree tree) {
        tree.file(
                        "dev",
                        () ->
                                """
                                Inter-|   Receive                                                |  Transmit
                                 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
                                    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
                                """)
                .line("tcp", SOCKETS)
                .line("tcp6", SOCKETS)
                .line("udp", SOCKETS)
                .line("udp6", SOCKETS)
                .line("raw", SOCKETS)
                .line("unix", "Num       RefCount Protocol Flags    Type St Inode Path")
                .line(
                        "route",
                        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU"
                                + "\tWindow\tIRTT")
                .line(
                        "arp",
                        "IP address       HW type     Flags       HW address            Mask    "
                                + " Device")
                .file("if_inet6", () -> "");
    }
}
