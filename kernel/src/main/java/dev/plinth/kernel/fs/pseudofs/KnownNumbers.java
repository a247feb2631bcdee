package dev.plinth.kernel.fs.pseudofs;

import com.google.protobuf.ByteString;

import dev.plinth.kernel.state.StateReader;
import dev.plinth.kernel.state.proto.NamedInodeState;
import dev.plinth.kernel.vfs.Inode;
import dev.plinth.kernel.vfs.NamedInodes;
import dev.plinth.kernel.vfs.PathName;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** The numbers of inodes that programs may have seen, by path. Stateless. */
final class KnownNumbers {
    private KnownNumbers() {}

    private record Seen(PathName path, Inode inode) {}

    /** What is saved of all inodes that were made below a root. */
    static List<NamedInodeState> save(Inode root) {
        List<NamedInodeState> numbers = new ArrayList<>();
        Deque<Seen> left = new ArrayDeque<>();
        left.add(new Seen(PathName.EMPTY, root));
        while (!left.isEmpty()) {
            Seen seen = left.remove();
            numbers.add(
                    NamedInodeState.newBuilder()
                            .setPath(ByteString.copyFrom(seen.path.toBytes()))
                            .setNumber(seen.inode.number())
                            .build());
            if (seen.inode instanceof NamedEntries directory) {
                directory
                        .knownInodes()
                        .forEach((name, inode) -> left.add(new Seen(seen.path.child(name), inode)));
            }
        }
        return numbers;
    }

    /** Makes the same inodes again. */
    static void restore(PseudoFs fileSystem, List<NamedInodeState> numbers, StateReader reader) {
        for (NamedInodeState saved : numbers) {
            Inode inode = fileSystem.root();
            PathName path = PathName.of(saved.getPath().toByteArray());
            for (int at = 0; at < path.length(); ) {
                int slash = path.indexOf('/', at);
                int end = slash < 0 ? path.length() : slash;
                inode = fileSystem.restoreInode(inode, path.slice(at, end), false);
                at = end + 1;
            }
            NamedInodes.restoreNumber(inode, saved.getNumber(), reader);
        }
    }
}
