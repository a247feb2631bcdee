package dev.plinth.kernel.donation;

import dev.plinth.api.layout.FdLayout;
import dev.plinth.api.layout.FdMapping;
import dev.plinth.api.layout.FdRole;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Which descriptors a launcher gives to the sandbox that it starts. What the layout has and this
 * has not is closed: a stdin, or an optional device.
 *
 * @param mappings by ascending number, each number and role once
 */
public record DonationManifest(List<FdMapping> mappings) {
    public DonationManifest {
        mappings = List.copyOf(mappings);
        if (mappings.size() > FdLayout.LIMIT - FdLayout.BASE) {
            throw new IllegalArgumentException("too many descriptors: " + mappings.size());
        }
        int previous = FdLayout.BASE - 1;
        for (FdMapping mapping : mappings) {
            if (mapping.number() <= previous || mapping.number() >= FdLayout.LIMIT) {
                throw new IllegalArgumentException("out of place: " + mapping);
            }
            previous = mapping.number();
        }
        if (mappings.stream().map(FdMapping::role).distinct().count() != mappings.size()) {
            throw new IllegalArgumentException("a role is given twice: " + mappings);
        }
    }

    /** As a word of a command line, such as {@code 200=stdio/0,203=device/kvm}. */
    public String encoded() {
        return mappings.stream()
                .map(mapping -> mapping.number() + "=" + mapping.role())
                .collect(Collectors.joining(","));
    }

    /**
     * Reads what {@link #encoded()} wrote.
     *
     * @throws IllegalArgumentException if it makes no sense
     */
    public static DonationManifest parse(String encoded) {
        List<FdMapping> mappings = new ArrayList<>();
        if (!encoded.isEmpty()) {
            for (String entry : encoded.split(",", -1)) {
                int equals = entry.indexOf('=');
                if (equals < 0) {
                    throw new IllegalArgumentException("not a donation: '" + entry + "'");
                }
                mappings.add(
                        new FdMapping(
                                Integer.parseInt(entry.substring(0, equals)),
                                new FdRole(entry.substring(equals + 1))));
            }
        }
        return new DonationManifest(mappings);
    }

    /** Those of its roles that are neither stdio nor devices, in their order. */
    List<FdRole> others(List<FdRole> devices) {
        List<FdRole> stdio = Arrays.asList(FdRole.STDIN, FdRole.STDOUT, FdRole.STDERR);
        return mappings.stream()
                .map(FdMapping::role)
                .filter(role -> !stdio.contains(role) && !devices.contains(role))
                .toList();
    }
}
