package dev.plinth.api.layout;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/**
 * The descriptor numbers of a sandbox process: stdio first, then the platform's devices, then the
 * rest.
 *
 * <p>Numbers are consecutive from {@value #BASE}. Standard input, output and error have the first
 * three whether they are open or not; the platform's declared devices follow in the order of their
 * declaration; then everything else in the order given. So nothing that differs between two
 * platforms, or between two runs on one, stands ahead of stdio.
 */
public final class FdLayout {
    /**
     * The first number. Below 256, so that the descriptor table of a process with many threads need
     * not grow, and above what a JVM has open by itself when it starts.
     */
    public static final int BASE = 200;

    /** The first number that no layout assigns: the size of the initial descriptor table. */
    public static final int LIMIT = 256;

    private final List<FdMapping> mappings;

    private FdLayout(List<FdMapping> mappings) {
        this.mappings = List.copyOf(mappings);
    }

    /**
     * Lays out descriptors.
     *
     * @param devices of the platform, in declaration order, whether they could be opened or not
     * @param others everything else, such as a control socket, image files or the log
     * @throws IllegalArgumentException if a role is given twice, is one of stdio, or if there are
     *     more than fit below {@value #LIMIT}
     */
    public static FdLayout of(List<FdRole> devices, List<FdRole> others) {
        List<FdRole> roles = new ArrayList<>(List.of(FdRole.STDIN, FdRole.STDOUT, FdRole.STDERR));
        roles.addAll(devices);
        roles.addAll(others);
        if (roles.size() > LIMIT - BASE) {
            throw new IllegalArgumentException(
                    roles.size() + " descriptors do not fit in " + (LIMIT - BASE));
        }
        Set<FdRole> seen = new HashSet<>();
        List<FdMapping> mappings = new ArrayList<>();
        for (FdRole role : roles) {
            if (!seen.add(role)) {
                throw new IllegalArgumentException("role given twice: " + role);
            }
            mappings.add(new FdMapping(BASE + mappings.size(), role));
        }
        return new FdLayout(mappings);
    }

    /** Every mapping, by ascending number. */
    public List<FdMapping> mappings() {
        return mappings;
    }

    /** The number of a role, or empty if the layout does not have it. */
    public OptionalInt numberOf(FdRole role) {
        return mappings.stream()
                .filter(mapping -> mapping.role().equals(role))
                .mapToInt(FdMapping::number)
                .findFirst();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FdLayout layout && mappings.equals(layout.mappings);
    }

    @Override
    public int hashCode() {
        return mappings.hashCode();
    }

    @Override
    public String toString() {
        return mappings.toString();
    }
}
