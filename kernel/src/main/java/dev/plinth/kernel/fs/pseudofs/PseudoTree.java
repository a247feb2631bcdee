package dev.plinth.kernel.fs.pseudofs;

import static java.util.Objects.requireNonNull;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.PathName;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A table of paths that becomes directories: each line names a file, and the directories on the way
 * are made. All of it belongs to root.
 *
 * <p>Confined to the thread that fills it.
 */
@NotSaved("filled when a directory is made")
public final class PseudoTree {
    private static final Inode.Ownership DIRECTORY = new Inode.Ownership(0555, 0, 0);
    private static final Inode.Ownership READABLE = new Inode.Ownership(0444, 0, 0);
    private static final Inode.Ownership WRITABLE = new Inode.Ownership(0644, 0, 0);
    private static final Inode.Ownership PRIVATE = new Inode.Ownership(0400, 0, 0);

    private final PseudoFs fileSystem;
    private final Map<PathName, Inode> files = new LinkedHashMap<>();
    private final Map<String, PseudoTree> directories = new LinkedHashMap<>();

    /** An empty table. */
    public PseudoTree(PseudoFs fileSystem) {
        this.fileSystem = requireNonNull(fileSystem, "fileSystem is null");
    }

    /** A file that everybody may read. */
    public PseudoTree file(String path, Supplier<String> text) {
        return add(path, new PseudoFile(fileSystem, () -> READABLE, PseudoContent.readOnly(text)));
    }

    /** A file that everybody may read, and that always says the same: a line. */
    public PseudoTree line(String path, String text) {
        return file(path, () -> text + "\n");
    }

    /** A file that root alone may read. */
    public PseudoTree secret(String path, Supplier<String> text) {
        return add(path, new PseudoFile(fileSystem, () -> PRIVATE, PseudoContent.readOnly(text)));
    }

    /** A file that everybody may read and root may write. */
    public PseudoTree writable(String path, Supplier<String> text, Consumer<String> change) {
        return add(
                path,
                new PseudoFile(fileSystem, () -> WRITABLE, PseudoContent.writable(text, change)));
    }

    /** A symbolic link. */
    public PseudoTree link(String path, String target) {
        return add(path, PseudoLink.to(fileSystem, target));
    }

    /** A directory, which may stay empty. */
    public PseudoTree directory(String path) {
        PseudoTree tree = this;
        for (String name : path.split("/", -1)) {
            tree = tree.directories.computeIfAbsent(name, key -> new PseudoTree(fileSystem));
        }
        return this;
    }

    /** Any inode. */
    public PseudoTree add(String path, Inode inode) {
        int slash = path.indexOf('/');
        if (slash < 0) {
            files.put(PathName.of(path), inode);
        } else {
            directories
                    .computeIfAbsent(path.substring(0, slash), key -> new PseudoTree(fileSystem))
                    .add(path.substring(slash + 1), inode);
        }
        return this;
    }

    /** The directory of what was added. */
    public PseudoDirectory build() {
        return new PseudoDirectory(fileSystem, () -> DIRECTORY, this::files);
    }

    /**
     * A directory whose table is filled when somebody looks into it: many programs never do.
     *
     * @param fill adds what is in it
     */
    public static PseudoDirectory lazily(PseudoFs fileSystem, Consumer<PseudoTree> fill) {
        return new PseudoDirectory(
                fileSystem,
                () -> DIRECTORY,
                () -> {
                    PseudoTree tree = new PseudoTree(fileSystem);
                    fill.accept(tree);
                    return tree.files();
                });
    }

    private Map<PathName, Inode> files() {
        Map<PathName, Inode> all = new LinkedHashMap<>(files);
        directories.forEach((name, tree) -> all.put(PathName.of(name), tree.build()));
        return all;
    }
}
