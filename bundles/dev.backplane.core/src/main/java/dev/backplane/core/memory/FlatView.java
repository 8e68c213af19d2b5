package dev.backplane.core.memory;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeSet;

/** The memory map with priorities and overlaps resolved: disjoint ranges, ascending. Immutable. */
final class FlatView {

    /** Something that is mapped, before overlaps are resolved. */
    record Mapping(long base, long size, int priority, RamBlock ram, MappedRegion region) {
        long last() {
            return base + size - 1;
        }

        String name() {
            return ram != null ? "RAM " + ram.name() : region.slot() + " region " + region.region().name();
        }

        boolean overlaps(Mapping other) {
            return Long.compareUnsigned(base, other.last()) <= 0 && Long.compareUnsigned(other.base, last()) <= 0;
        }
    }

    static final FlatView EMPTY = new FlatView(List.of());

    private final FlatRange[] ranges;

    /** The largest range of RAM, where most transactions go; null without RAM. */
    private final FlatRange mostRam;

    private FlatView(List<FlatRange> ranges) {
        this.ranges = ranges.toArray(FlatRange[]::new);
        mostRam = ranges.stream()
                .filter(range -> range.ram != null)
                .max((a, b) -> Long.compareUnsigned(a.last - a.first, b.last - b.first))
                .orElse(null);
    }

    /**
     * Resolves overlaps: the higher priority wins.
     *
     * @throws IllegalArgumentException if two mappings of one priority overlap, or one wraps around
     */
    static FlatView of(List<Mapping> mappings) {
        check(mappings);
        var borders = new TreeSet<Long>(Long::compareUnsigned);
        for (Mapping mapping : mappings) {
            borders.add(mapping.base());
            if (mapping.last() != -1L) {
                borders.add(mapping.last() + 1);
            }
        }
        var byPriority = new ArrayList<>(mappings);
        byPriority.sort(Comparator.comparingInt(Mapping::priority).reversed());
        var ranges = new ArrayList<FlatRange>();
        Mapping before = null;
        var starts = new ArrayList<>(borders);
        for (int i = 0; i < starts.size(); i++) {
            long first = starts.get(i);
            long last = i + 1 < starts.size() ? starts.get(i + 1) - 1 : -1L;
            Mapping winner = winnerAt(byPriority, first);
            if (winner != null && winner == before) {
                FlatRange open = ranges.removeLast();
                ranges.add(new FlatRange(open.first, last, open.ram, open.region, open.offset));
            } else if (winner != null) {
                ranges.add(new FlatRange(first, last, winner.ram(), winner.region(), first - winner.base()));
            }
            before = winner;
        }
        return new FlatView(ranges);
    }

    private static Mapping winnerAt(List<Mapping> byPriority, long address) {
        for (Mapping mapping : byPriority) {
            if (Long.compareUnsigned(address - mapping.base(), mapping.size() - 1) <= 0) {
                return mapping;
            }
        }
        return null;
    }

    private static void check(List<Mapping> mappings) {
        var sorted = new ArrayList<>(mappings);
        sorted.sort((a, b) -> Long.compareUnsigned(a.base(), b.base()));
        for (int i = 0; i < sorted.size(); i++) {
            Mapping mapping = sorted.get(i);
            if (Long.compareUnsigned(mapping.last(), mapping.base()) < 0) {
                throw new IllegalArgumentException("%s at 0x%x wraps around the end of the address space"
                        .formatted(mapping.name(), mapping.base()));
            }
            for (int j = i + 1; j < sorted.size() && mapping.overlaps(sorted.get(j)); j++) {
                Mapping other = sorted.get(j);
                if (other.priority() == mapping.priority()) {
                    throw new IllegalArgumentException("%s at 0x%x to 0x%x overlaps %s at 0x%x to 0x%x"
                            .formatted(
                                    other.name(),
                                    other.base(),
                                    other.last(),
                                    mapping.name(),
                                    mapping.base(),
                                    mapping.last()));
                }
            }
        }
    }

    /** {@return the range that holds an address, or null} */
    FlatRange find(long address) {
        FlatRange ram = mostRam;
        return ram != null && ram.holds(address) ? ram : search(address);
    }

    private FlatRange search(long address) {
        int low = 0;
        int high = ranges.length - 1;
        while (low <= high) {
            int middle = low + high >>> 1;
            FlatRange range = ranges[middle];
            if (range.holds(address)) {
                return range;
            }
            if (Long.compareUnsigned(address, range.first) < 0) {
                high = middle - 1;
            } else {
                low = middle + 1;
            }
        }
        return null;
    }

    List<FlatRange> ranges() {
        return Collections.unmodifiableList(Arrays.asList(ranges));
    }
}
