package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.Dentry;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.Mount;
import dev.plinth.kernel.vfs.PathDisplay;

import java.util.Optional;

/** /proc/[pid]/mounts and mountinfo: the mounts that a process can reach from its root. */
final class MountTexts {
    private final ProcessView process;
    private final ThreadView thread;

    MountTexts(ProcessView process, ThreadView thread) {
        this.process = process;
        this.thread = thread;
    }

    /** As getmntent(3) reads it. */
    String mounts() {
        StringBuilder text = new StringBuilder();
        for (Mount mount : process.mounts()) {
            path(mount)
                    .ifPresent(path ->
                            text.append(escape(mount.source()))
                                    .append(' ')
                                    .append(escape(path))
                                    .append(' ')
                                    .append(mount.fileSystem().type())
                                    .append(' ')
                                    .append(mount.options().text())
                                    .append(" 0 0\n"));
        }
        return text.toString();
    }

    /** See proc_pid_mountinfo(5). */
    String mountinfo() {
        StringBuilder text = new StringBuilder();
        for (Mount mount : process.mounts()) {
            path(mount).ifPresent(path -> appendInformation(text, mount, path));
        }
        return text.toString();
    }

    /** See proc_pid_mountstats(5). */
    String mountstats() {
        StringBuilder text = new StringBuilder();
        for (Mount mount : process.mounts()) {
            path(mount)
                    .ifPresent(path ->
                            text.append("device ")
                                    .append(escape(mount.source()))
                                    .append(" mounted on ")
                                    .append(escape(path))
                                    .append(" with fstype ")
                                    .append(mount.fileSystem().type())
                                    .append('\n'));
        }
        return text.toString();
    }

    private static void appendInformation(StringBuilder text, Mount mount, String path) {
        int parent = mount.mountPoint().map(point -> point.mount().id()).orElse(mount.id());
        String inFileSystem =
                PathDisplay.of(
                                new Location(mount, fileSystemRoot(mount)),
                                new Location(mount, mount.root()))
                        .path()
                        .toString();
        text.append(mount.id()).append(' ').append(parent).append(' ');
        text.append(mount.fileSystem().device()).append(' ');
        text.append(escape(inFileSystem)).append(' ').append(escape(path)).append(' ');
        text.append(mount.options().text()).append(" - ");
        text.append(mount.fileSystem().type()).append(' ').append(escape(mount.source()));
        text.append(mount.fileSystem().isReadOnly() ? " ro\n" : " rw\n");
    }

    /** The root of the file system that a mount shows all or a part of. */
    private static Dentry fileSystemRoot(Mount mount) {
        Dentry dentry = mount.root();
        while (dentry.parent().isPresent()) {
            dentry = dentry.parent().get();
        }
        return dentry;
    }

    private Optional<String> path(Mount mount) {
        PathDisplay display = PathDisplay.of(thread.root(), mount.rootLocation());
        return display.reachable() ? Optional.of(display.path().toString()) : Optional.empty();
    }

    /** Blanks in names are written in octal, so that a line can be split at blanks. */
    private static String escape(String name) {
        return name.replace("\\", "\\134")
                .replace(" ", "\\040")
                .replace("\t", "\\011")
                .replace("\n", "\\012");
    }
}
