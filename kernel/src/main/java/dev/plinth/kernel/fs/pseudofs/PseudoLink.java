package dev.plinth.kernel.fs.pseudofs;

import dev.plinth.kernel.state.NotSaved;
import dev.plinth.kernel.state.StateWriter;
import dev.plinth.kernel.state.proto.ObjectState;
import dev.plinth.kernel.vfs.Caller;
import dev.plinth.kernel.vfs.FileStat;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.Location;
import dev.plinth.kernel.vfs.PathDisplay;
import dev.plinth.kernel.vfs.PathName;
import dev.plinth.kernel.vfs.SymbolicLink;

import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** A link: one of text, or a magic one that leads to a file whatever its path is now. */
@NotSaved("made again by its name")
public final class PseudoLink extends SymbolicLink {
    private static final Ownership ROOT = new Ownership(0777, 0, 0);

    private final PseudoFs fileSystem;
    private final Supplier<Inode.Ownership> owner;
    private final Function<Caller, PathName> text;
    private final Function<Caller, Optional<Location>> jump;

    private PseudoLink(
            PseudoFs fileSystem,
            Supplier<Ownership> owner,
            Function<Caller, PathName> text,
            Function<Caller, Optional<Location>> jump) {
        super(fileSystem, fileSystem.nextNumber());
        this.fileSystem = fileSystem;
        this.owner = owner;
        this.text = text;
        this.jump = jump;
    }

    /** A link whose text depends on who reads it. */
    public static PseudoLink ofText(PseudoFs fileSystem, Function<Caller, PathName> text) {
        return new PseudoLink(fileSystem, () -> ROOT, text, caller -> Optional.empty());
    }

    /** A link whose text never changes. */
    public static PseudoLink to(PseudoFs fileSystem, String target) {
        PathName path = PathName.of(target);
        return ofText(fileSystem, caller -> path);
    }

    /**
     * A link to a place.
     *
     * @param target where it leads now; throws ENOENT if that is gone, EACCES if the caller may not
     *     know
     */
    public static PseudoLink ofPlace(
            PseudoFs fileSystem, Supplier<Ownership> owner, Function<Caller, Location> target) {
        return new PseudoLink(
                fileSystem,
                owner,
                caller -> PathDisplay.of(caller.fs().root(), target.apply(caller)).text(),
                caller -> Optional.of(target.apply(caller)));
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
    public ObjectState.Builder saveState(StateWriter writer) {
        throw NamedEntries.madeByName(this);
    }

    @Override
    public FileStat stat() {
        return fileSystem.stat(this, 1);
    }

    @Override
    public Ownership ownership() {
        return owner.get();
    }
}
