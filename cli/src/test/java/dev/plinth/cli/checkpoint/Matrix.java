package dev.plinth.cli.checkpoint;

import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/**
 * The moves that there are: from each platform to each, with and without a log, with none to three
 * more devices, between standard descriptors of each kind, with duplicates of them.
 *
 * <p>All of them are far too many. So there is a table in which each two of their properties are
 * together once at least, and a product in which standard descriptors are of one kind.
 */
final class Matrix {
    private static final List<Integer> DEVICES = List.of(0, 1, 2, 3);
    private static final int STRIDE = 7919;
    private static final List<Boolean> OFF_AND_ON = List.of(false, true);
    private static final List<Map<Integer, Integer>> DUPLICATES =
            List.of(
                    Map.of(),
                    Map.of(5, 0),
                    Map.of(5, 1),
                    Map.of(5, 2),
                    Map.of(5, 0, 7, 1, 9, 2),
                    Map.of(5, 1, 7, 1, 9, 1));

    private final List<Change<String>> platforms;
    private final List<Change<Boolean>> logs = changes(OFF_AND_ON, OFF_AND_ON);
    private final List<Change<Side>> streams = new ArrayList<>();
    private final boolean eachDescriptor;
    private final EachPair table;

    /** What was so and is so afterwards. */
    record Change<T>(T from, T to) {}

    /**
     * One of the moves.
     *
     * @param duplicates of standard descriptors: number &rarr; of which number
     */
    record Entry(Side from, Side to, Map<Integer, Integer> duplicates) {}

    private Matrix(List<String> names, boolean eachDescriptor) {
        platforms = changes(names, names);
        this.eachDescriptor = eachDescriptor;
        for (Change<Side> change : changes(sides(), sides())) {
            if (change.from().refusalOf(change.to()).isEmpty()) {
                streams.add(change);
            }
        }
        table =
                new EachPair(
                        List.of(
                                streams.stream().map(this::streamProperties).toList(),
                                platforms.stream().map(Matrix::platformProperties).toList(),
                                logs.stream().map(Matrix::logProperties).toList(),
                                DEVICES.stream().map(count -> List.of(before(count))).toList(),
                                DEVICES.stream().map(count -> List.of(after(count))).toList(),
                                DUPLICATES.stream().map(this::duplicateProperties).toList()));
    }

    /** One in which the kind of each single standard descriptor is a property. */
    static Matrix ofEachDescriptor(List<String> platforms) {
        return new Matrix(platforms, true);
    }

    /** A smaller one: any of them is of a kind, or one is for all. */
    static Matrix ofEachKind(List<String> platforms) {
        return new Matrix(platforms, false);
    }

    /** Moves by which each two properties are together. None is refused. */
    List<Entry> eachPair() {
        List<Entry> entries = new ArrayList<>();
        for (int[] row : table.rows()) {
            int duplicates = eachDescriptor ? row[5] : entries.size() % DUPLICATES.size();
            entries.add(
                    entry(
                            streams.get(row[0]),
                            platforms.get(row[1]),
                            logs.get(row[2]),
                            new Change<>(DEVICES.get(row[3]), DEVICES.get(row[4])),
                            DUPLICATES.get(duplicates)));
        }
        return entries;
    }

    /** All pairs of properties that there can be. */
    Set<String> pairs() {
        return table.pairs();
    }

    /** Those of one move. */
    Set<String> pairsOf(Entry entry) {
        Side from = entry.from();
        Side to = entry.to();
        List<String> all = new ArrayList<>(streamProperties(new Change<>(from, to)));
        all.addAll(platformProperties(new Change<>(from.platform(), to.platform())));
        all.addAll(logProperties(new Change<>(from.log(), to.log())));
        all.add(before(from.devices()));
        all.add(after(to.devices()));
        all.addAll(duplicateProperties(entry.duplicates()));
        Set<String> pairs = new TreeSet<>();
        for (int i = 0; i < all.size(); i++) {
            for (int j = 0; j < i; j++) {
                pairs.add(EachPair.pair(all.get(i), all.get(j)));
            }
        }
        return pairs;
    }

    /**
     * The whole of it but for duplicates: each platform to each, with each log, each number of
     * devices, and standard descriptors of each kind, three or one, to each. Some must be refused.
     */
    void forAll(Consumer<Entry> action) {
        List<Change<Side>> uniform =
                changes(sides(), sides()).stream()
                        .filter(change -> change.from().shared() == change.to().shared())
                        .filter(change -> isUniform(change.from()) && isUniform(change.to()))
                        .toList();
        int[] count = new int[1];
        forAllPlaces((place, to) -> {
            for (Change<Side> stream : uniform) {
                action.accept(
                        new Entry(
                                place.withStreamsOf(stream.from()),
                                to.withStreamsOf(stream.to()),
                                DUPLICATES.get(count[0]++ % DUPLICATES.size())));
            }
        });
    }

    /** The same with other standard descriptors each time. None is refused. */
    void forAllPlaces(Consumer<Entry> action) {
        int[] count = new int[1];
        forAllPlaces((from, to) -> {
            // A number without common factors: they are not alike that come one after the other.
            Change<Side> stream = streams.get(count[0] * STRIDE % streams.size());
            action.accept(
                    new Entry(
                            from.withStreamsOf(stream.from()),
                            to.withStreamsOf(stream.to()),
                            DUPLICATES.get(count[0]++ % DUPLICATES.size())));
        });
    }

    private void forAllPlaces(BiConsumer<Side, Side> action) {
        for (Change<String> platform : platforms) {
            for (Change<Boolean> log : logs) {
                for (Change<Integer> devices : changes(DEVICES, DEVICES)) {
                    action.accept(
                            new Side(platform.from(), log.from(), devices.from(), false, List.of()),
                            new Side(platform.to(), log.to(), devices.to(), false, List.of()));
                }
            }
        }
    }

    private static boolean isUniform(Side side) {
        return EnumSet.copyOf(side.kinds()).size() == 1;
    }

    private static Entry entry(
            Change<Side> streams,
            Change<String> platforms,
            Change<Boolean> logs,
            Change<Integer> devices,
            Map<Integer, Integer> duplicates) {
        Side from = new Side(platforms.from(), logs.from(), devices.from(), false, List.of());
        Side to = new Side(platforms.to(), logs.to(), devices.to(), false, List.of());
        return new Entry(
                from.withStreamsOf(streams.from()), to.withStreamsOf(streams.to()), duplicates);
    }

    private static <T> List<Change<T>> changes(List<T> from, List<T> to) {
        return from.stream()
                .flatMap(before -> to.stream().map(after -> new Change<>(before, after)))
                .toList();
    }

    /** All standard descriptors that a sandbox can have, on no platform yet. */
    private static List<Side> sides() {
        List<Side> sides = new ArrayList<>();
        for (StdioKind in : StdioKind.values()) {
            for (StdioKind out : StdioKind.values()) {
                for (StdioKind err : StdioKind.values()) {
                    sides.add(new Side("", false, 0, false, List.of(in, out, err)));
                }
            }
            sides.add(new Side("", false, 0, true, List.of(in, in, in)));
        }
        return sides;
    }

    private List<String> streamProperties(Change<Side> streams) {
        Set<String> properties = new TreeSet<>();
        if (eachDescriptor) {
            properties.add(count(streams.from()) + " to " + count(streams.to()));
        }
        properties.addAll(kinds("was", streams.from()));
        properties.addAll(kinds("is", streams.to()));
        return List.copyOf(properties);
    }

    private static String count(Side side) {
        return side.shared() ? "one for all" : "three";
    }

    private Set<String> kinds(String when, Side side) {
        Set<String> properties = new TreeSet<>();
        for (int number = 0; number < side.kinds().size(); number++) {
            if (eachDescriptor) {
                properties.add("%d %s %s".formatted(number, when, side.kind(number)));
            } else if (side.shared()) {
                properties.add(when + " one for all");
            } else {
                properties.add(when + " " + side.kind(number));
            }
        }
        return properties;
    }

    private static List<String> platformProperties(Change<String> change) {
        return List.of(change.from() + " to " + change.to());
    }

    private static List<String> logProperties(Change<Boolean> change) {
        return List.of("log " + change.from() + " to " + change.to());
    }

    private static String before(int devices) {
        return "from " + devices + " devices";
    }

    private static String after(int devices) {
        return "to " + devices + " devices";
    }

    private List<String> duplicateProperties(Map<Integer, Integer> duplicates) {
        return eachDescriptor ? List.of("duplicates " + new TreeMap<>(duplicates)) : List.of();
    }
}
