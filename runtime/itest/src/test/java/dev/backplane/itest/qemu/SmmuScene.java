package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.PageTables.Entry;
import java.util.ArrayList;
import java.util.List;

/**
 * An SMMU with one stream, and transactions of it. What the scenario does is in its words and registers; {@code flaws}
 * says what was done to them on purpose, for those who read a failure.
 */
final class SmmuScene {
    static final long COMMANDS = 0x4100_0000L;
    static final long EVENTS = 0x4110_0000L;
    static final long STREAM_TABLE = 0x4200_0000L;
    static final long TABLES = 0x4400_0000L;

    static final int ABORT = 0;
    static final int BYPASS = 4;
    static final int STAGE1 = 5;
    static final int STAGE2 = 6;
    static final int NESTED = 7;

    /**
     * A transfer of four bytes or more.
     *
     * @param edu whether {@code edu} makes it, otherwise {@code iommu-testdev}
     * @param read whether it reads guest memory; the test device writes always
     * @param iova where
     * @param data where the bytes should end up
     * @param length how many bytes
     */
    record Transfer(boolean edu, boolean read, long iova, long data, int length) {
        @Override
        public String toString() {
            return "%s %s 0x%x (0x%x) %d".formatted(
                    edu ? "edu" : "testdev", read ? "reads" : "writes", iova, data, length);
        }
    }

    final Image image;
    final int number;
    boolean twoLevel;
    int log2Size;
    int split;
    long tableBase;
    int cr0 = 0xD;
    int cr2;
    int gbpa;
    /** Where the entry of the first level is, 0 if there is none. */
    long level1;
    long ste;
    /** Where the CD is, 0 if there is none. */
    long cd;
    PageTables first;
    PageTables second;
    List<Entry> path = List.of();
    /** Pairs of stage 2 leaves: one maps the start of a stage 1 table, one its descriptor. */
    List<Entry[]> pieces = List.of();
    List<Transfer> transfers = List.of();
    /** What software does before the last transfer, or null. */
    SmmuChange change;
    final List<String> flaws = new ArrayList<>();

    SmmuScene(int number, Image image) {
        this.number = number;
        this.image = image;
    }

    long steWord(int index) {
        return image.get(ste + 8L * index);
    }

    long cdWord(int index) {
        return cd == 0 ? 0 : image.get(cd + 8L * index);
    }

    /** {@return a field of the STE} */
    long ste(int bit, int width) {
        return steWord(bit / 64) >>> bit % 64 & (1L << width) - 1;
    }

    /** {@return a field of the CD} */
    long cd(int bit, int width) {
        return cdWord(bit / 64) >>> bit % 64 & (1L << width) - 1;
    }

    void setSte(int bit, int width, long value) {
        set(ste, bit, width, value);
    }

    void setCd(int bit, int width, long value) {
        set(cd, bit, width, value);
    }

    private void set(long structure, int bit, int width, long value) {
        long address = structure + 8L * (bit / 64);
        long mask = (1L << width) - 1 << bit % 64;
        image.put(address, image.get(address) & ~mask | value << bit % 64 & mask);
    }

    /** {@return whether stage 2 maps a descriptor of stage 1 otherwise than the start of its table} */
    boolean hasSplitTables() {
        for (Entry[] pair : pieces) {
            long start = image.get(pair[0].address());
            long piece = image.get(pair[1].address());
            long apart = pair[1].address() - pair[0].address() >> 3 << second.shift(pair[0].level());
            if (pair[0].level() != pair[1].level() || ((start ^ piece) & ~PageTables.ADDRESS) != 0
                    || (piece & PageTables.ADDRESS) - (start & PageTables.ADDRESS) != apart) {
                return true;
            }
        }
        return false;
    }

    private boolean usesUpper(Transfer transfer) {
        return transfer.iova() < 0 && cd(30, 1) == 0;
    }

    /** {@return log2 of the granule that the CD now has for the half of the first transfer} */
    int stage1Granule() {
        return usesUpper(transfers.getFirst())
                ? new int[] {12, 14, 12, 16}[(int) cd(22, 2)]
                : new int[] {12, 16, 14, 12}[(int) cd(6, 2)];
    }

    /** {@return whether a transfer is translated by other descriptors than the scene was made for} */
    boolean readsOtherDescriptors(Transfer transfer) {
        Transfer made = transfers.getFirst();
        int bits = 64 - (int) (usesUpper(made) ? cd(16, 6) : cd(0, 6));
        return (transfer.iova() ^ made.iova()) >>> 12 != 0 || !flaws.isEmpty() && bits != first.bits
                || stage1Granule() != first.granule;
    }

    int config() {
        return (int) ste(1, 3);
    }

    boolean translates1() {
        return (config() & 5) == 5;
    }

    boolean translates2() {
        return (config() & 6) == 6;
    }

    @Override
    public String toString() {
        var text = new StringBuilder("%s: %s table of 2^%d, split %d, at 0x%x, CR0 %x CR2 %x GBPA %x%n".formatted(
                flaws, twoLevel ? "2-level" : "linear", log2Size, split, tableBase, cr0, cr2, gbpa));
        if (level1 != 0) {
            text.append("  L1STD %016x%n".formatted(image.get(level1)));
        }
        text.append("  STE %016x %016x %016x %016x at 0x%x%n".formatted(
                steWord(0), steWord(1), steWord(2), steWord(3), ste));
        if (cd != 0) {
            text.append("  CD  %016x %016x %016x %016x at 0x%x%n".formatted(
                    cdWord(0), cdWord(1), cdWord(2), cdWord(3), cd));
        }
        for (PageTables tables : new PageTables[] {first, second}) {
            if (tables != null) {
                text.append("  stage %d: granule %d, %d bits from level %d, root 0x%x%n".formatted(
                        tables == first ? 1 : 2, tables.granule, tables.bits, tables.start, tables.root));
            }
        }
        for (Entry entry : path) {
            text.append("  S%d L%d at 0x%x: %016x%n".formatted(
                    entry.second() ? 2 : 1, entry.level(), entry.address(), image.get(entry.address())));
        }
        transfers.forEach(transfer -> text.append("  %s%n".formatted(transfer)));
        if (change != null) {
            text.append("  before the last: %s%n".formatted(change));
        }
        return text.toString();
    }
}
