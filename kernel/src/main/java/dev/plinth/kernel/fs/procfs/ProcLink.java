package dev.plinth.kernel.fs.procfs;

import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathDisplay;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.SymbolicLink;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** A link: one of text, or a magic one that leads to a file whatever its path is now. */
final class ProcLink extends SymbolicLink {
    private final ProcFs fileSystem;
    private final ProcNode node;
    private final Function<Caller, PathName> text;
    private final Function<Caller, Optional<Location>> jump;

    private ProcLink(
            ProcFs fileSystem,
            ProcNode node,
            Function<Caller, PathName> text,
            Function<Caller, Optional<Location>> jump) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.node = node;
        this.text = text;
        this.jump = jump;
    }

    /** A link whose text depends on who reads it. */
    static ProcLink ofText(ProcFs fileSystem, Function<Caller, PathName> text) {
        return new ProcLink(fileSystem, ProcNode.ROOT_LINK, text, caller -> Optional.empty());
    }

    /**
     * A link to a place.
     *
     * @param target where it leads now; throws ENOENT if that is gone
     */
    static ProcLink ofPlace(ProcFs fileSystem, ProcNode node, Supplier<Location> target) {
        return new ProcLink(
                fileSystem,
                node,
                caller -> PathDisplay.of(caller.fs().root(), target.get()).text(),
                caller -> Optional.of(target.get()));
    }

    @Override
    public PathName target(Caller caller) {
        return text.apply(caller);
    }

    @Override
    public Optional<Location> jump(Caller caller) {
        return jump.apply(caller);
    }

    @Override
    public FileStat stat() {
        return node.stat(fileSystem, number(), type(), 1);
    }

    @Override
    public Ownership ownership() {
        return node.ownership();
    }
}
