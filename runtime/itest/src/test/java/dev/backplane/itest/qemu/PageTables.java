package dev.backplane.itest.qemu;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongBinaryOperator;

/** A tree of VMSAv8-64 translation tables in an {@link Image} (Arm DDI 0487, chapter D8). */
final class PageTables {
    static final long VALID = 1;
    static final long TABLE = 3;
    static final long PAGE = 3;
    static final long ADDRESS = 0x0000_FFFF_FFFF_F000L;

    /**
     * A descriptor on the way of an address.
     *
     * @param second whether it belongs to stage 2
     * @param level its level, 0 to 3
     * @param address where it is
     */
    record Entry(boolean second, int level, long address) {}

    final int granule;
    final int bits;
    final int start;
    /** Physical address of the first table. */
    final long root;
    /** The first table's address as a translation table base register has it. */
    final long base;

    private final Image image;
    private final boolean second;
    private final LongBinaryOperator shown;
    /** Physical addresses of tables by those of the descriptors that point to them. */
    private final Map<Long, Long> children = new HashMap<>();

    /**
     * Makes empty tables.
     *
     * @param granule log2 of the granule
     * @param bits bits of input address
     * @param start level of the first table
     * @param shown turns physical address and size of a table into the address that descriptors have for it
     */
    PageTables(Image image, boolean second, int granule, int bits, int start, LongBinaryOperator shown) {
        this.image = image;
        this.second = second;
        this.granule = granule;
        this.bits = bits;
        this.start = start;
        this.shown = shown;
        long size = Math.max(64, 8L << bits - shift(start));
        root = image.allocate(size, size);
        base = shown.applyAsLong(root, size);
    }

    static int startLevel(int granule, int bits) {
        return 4 - (bits - 4) / (granule - 3);
    }

    int shift(int level) {
        return granule + (3 - level) * (granule - 3);
    }

    /** {@return the levels at which a leaf may be, from the first table's on} */
    List<Integer> leafLevels() {
        var levels = new ArrayList<Integer>();
        for (int level = Math.max(start, granule == 12 ? 1 : 2); level <= 3; level++) {
            levels.add(level);
        }
        return levels;
    }

    private long indexed(long table, int level, long input) {
        long index = input & (1L << bits) - 1;
        index >>>= shift(level);
        return table + 8 * (level == start ? index : index & (1L << granule - 3) - 1);
    }

    /** {@return where the descriptor of an address at a level is, or 0 if a leaf above is in the way} */
    long slot(long input, int level) {
        long table = root;
        for (int above = start; above < level; above++) {
            long at = indexed(table, above, input);
            Long child = children.get(at);
            if (child == null) {
                if (image.has(at)) {
                    return 0;
                }
                child = image.allocate(1L << granule, 1L << granule);
                children.put(at, child);
                image.put(at, shown.applyAsLong(child, 1L << granule) | TABLE);
            }
            table = child;
        }
        return indexed(table, level, input);
    }

    /** {@return whether the leaf is there now; not so if another descriptor is in its place or above} */
    boolean map(long input, long output, int level, long attributes) {
        long at = slot(input, level);
        if (at == 0 || image.has(at)) {
            return false;
        }
        image.put(at, output & ADDRESS & -(1L << shift(level)) | attributes | (level == 3 ? PAGE : VALID));
        return true;
    }

    /** {@return where the table is that a descriptor was made to point to, 0 if it is a leaf} */
    long child(Entry entry) {
        return children.getOrDefault(entry.address(), 0L);
    }

    /** {@return the descriptors that translate an address, first table first} */
    List<Entry> path(long input) {
        var path = new ArrayList<Entry>();
        long table = root;
        for (int level = start; level <= 3; level++) {
            long at = indexed(table, level, input);
            path.add(new Entry(second, level, at));
            Long child = children.get(at);
            if (child == null) {
                break;
            }
            table = child;
        }
        return path;
    }
}
