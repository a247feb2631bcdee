package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.fs.pseudofs.PseudoDirectory;
import dev.plinth.kernel.fs.pseudofs.PseudoTree;
import dev.plinth.kernel.vfs.MountTree;

/** /proc/sys: what sysctl(8) shows. But for the names of the machine, nothing can be changed. */
final class SystemSettings {
    private SystemSettings() {}

    static PseudoDirectory directory(ProcFs fileSystem, SystemView system) {
        return PseudoTree.lazily(
                fileSystem,
                tree -> {
                    addKernel(tree, system);
                    addMemory(tree);
                    addFiles(tree, system);
                });
    }

    private static void addKernel(PseudoTree tree, SystemView system) {
        tree.writable("kernel/hostname", () -> system.hostName() + "\n", system::setHostName)
                .writable(
                        "kernel/domainname",
                        () -> system.domainName() + "\n",
                        system::setDomainName)
                .line("kernel/ostype", "Linux")
                .file("kernel/osrelease", () -> system.release() + "\n")
                .file("kernel/version", () -> system.version() + "\n")
                .file("kernel/random/boot_id", () -> system.bootId() + "\n")
                .file("kernel/random/uuid", () -> system.randomUuid() + "\n")
                .line("kernel/random/entropy_avail", "256")
                .line("kernel/random/poolsize", "256")
                .line("kernel/random/urandom_min_reseed_secs", "60")
                .line("kernel/random/write_wakeup_threshold", "256")
                .line("kernel/pid_max", "32768")
                .file("kernel/threads-max", () -> system.maxTasks() + "\n")
                .line("kernel/ngroups_max", "65536")
                .line("kernel/cap_last_cap", "40")
                .line("kernel/overflowuid", "65534")
                .line("kernel/overflowgid", "65534")
                .line("kernel/randomize_va_space", "2")
                .line("kernel/core_pattern", "core")
                .line("kernel/core_uses_pid", "0")
                .line("kernel/dmesg_restrict", "1")
                .line("kernel/kptr_restrict", "1")
                .line("kernel/perf_event_paranoid", "4")
                .line("kernel/unprivileged_bpf_disabled", "2")
                .line("kernel/yama/ptrace_scope", "1")
                .line("kernel/panic", "0")
                .line("kernel/panic_on_oops", "0")
                .line("kernel/printk", "4\t4\t1\t7")
                .line("kernel/tainted", "0")
                .line("kernel/sched_child_runs_first", "0")
                .line("kernel/sched_rt_period_us", "1000000")
                .line("kernel/sched_rt_runtime_us", "950000")
                .line("kernel/sem", "32000\t1024000000\t500\t32000")
                .line("kernel/shmmax", "18446744073692774399")
                .line("kernel/shmall", "18446744073692774399")
                .line("kernel/shmmni", "4096")
                .line("kernel/msgmax", "8192")
                .line("kernel/msgmnb", "16384")
                .line("kernel/msgmni", "32000")
                .line("kernel/sysrq", "0")
                .line("kernel/seccomp/actions_avail", "");
    }

    private static void addMemory(PseudoTree tree) {
        tree.line("vm/overcommit_memory", "0")
                .line("vm/overcommit_ratio", "50")
                .line("vm/overcommit_kbytes", "0")
                .line("vm/max_map_count", "65530")
                .line("vm/mmap_min_addr", "65536")
                .line("vm/swappiness", "60")
                .line("vm/dirty_ratio", "20")
                .line("vm/dirty_background_ratio", "10")
                .line("vm/dirty_expire_centisecs", "3000")
                .line("vm/dirty_writeback_centisecs", "500")
                .line("vm/min_free_kbytes", "0")
                .line("vm/nr_hugepages", "0")
                .line("vm/nr_overcommit_hugepages", "0")
                .line("vm/oom_kill_allocating_task", "0")
                .line("vm/panic_on_oom", "0")
                .line("vm/vfs_cache_pressure", "100")
                .line("vm/zone_reclaim_mode", "0")
                .line("vm/legacy_va_layout", "0");
    }

    private static void addFiles(PseudoTree tree, SystemView system) {
        tree.line("fs/nr_open", "1048576")
                .line("fs/file-max", "9223372036854775807")
                .file("fs/file-nr", () -> system.openFiles() + "\t0\t9223372036854775807\n")
                .line("fs/inode-nr", "0\t0")
                .line("fs/inode-state", "0\t0\t0\t0\t0\t0\t0")
                .line("fs/dentry-state", "0\t0\t45\t0\t0\t0")
                .line("fs/pipe-max-size", "1048576")
                .line("fs/pipe-user-pages-hard", "0")
                .line("fs/pipe-user-pages-soft", "16384")
                .line("fs/aio-max-nr", "65536")
                .line("fs/aio-nr", "0")
                .line("fs/lease-break-time", "45")
                .line("fs/leases-enable", "0")
                .line("fs/mount-max", String.valueOf(MountTree.MOUNT_MAX))
                .line("fs/overflowuid", "65534")
                .line("fs/overflowgid", "65534")
                .line("fs/protected_fifos", "0")
                .line("fs/protected_hardlinks", "0")
                .line("fs/protected_regular", "0")
                .line("fs/protected_symlinks", "0")
                .line("fs/suid_dumpable", "0")
                .line("fs/inotify/max_queued_events", "16384")
                .line("fs/inotify/max_user_instances", "128")
                .line("fs/inotify/max_user_watches", "65536")
                .line("fs/mqueue/msg_default", "10")
                .line("fs/mqueue/msg_max", "10")
                .line("fs/mqueue/msgsize_default", "8192")
                .line("fs/mqueue/msgsize_max", "8192")
                .line("fs/mqueue/queues_max", "256")
                .directory("fs/binfmt_misc")
                .line("net/core/somaxconn", "4096")
                .line("net/core/rmem_default", "212992")
                .line("net/core/rmem_max", "212992")
                .line("net/core/wmem_default", "212992")
                .line("net/core/wmem_max", "212992")
                .line("net/unix/max_dgram_qlen", "512")
                .line("net/ipv4/ip_local_port_range", "32768\t60999")
                .line("net/ipv4/ip_unprivileged_port_start", "1024")
                .line("net/ipv4/tcp_fin_timeout", "60")
                .line("net/ipv4/tcp_keepalive_time", "7200")
                .line("net/ipv4/tcp_rmem", "4096\t131072\t6291456")
                .line("net/ipv4/tcp_wmem", "4096\t16384\t4194304")
                .line("net/ipv6/conf/all/disable_ipv6", "1")
                .line("user/max_user_namespaces", "0")
                .directory("dev");
    }
}
