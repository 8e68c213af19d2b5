package dev.backplane.vm.capture;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Reads {@code memory.idx} and {@code memory.bin} and checks one against the other. */
final class MemoryReader {
    static final String INDEX = "memory.idx";
    static final String CONTENT = "memory.bin";
    private static final int PAGE = 4096;

    private MemoryReader() {}

    /**
     * Reads the memory.
     *
     * @param ramBase first address of RAM
     * @param ramSize bytes of RAM
     */
    static MemoryImage read(CaptureFolder folder, long ramBase, long ramSize) {
        byte[] content = folder.required(CONTENT);
        String index = CaptureFolder.text(INDEX, folder.required(INDEX));
        List<MemoryImage.Page> pages = Csv.read(INDEX, index, List.of("gpa", "offset", "len", "kind"), row -> {
            long address = row.number("gpa");
            int length = row.number("len", 1 << 24);
            int offset = row.text("offset").equals("-1") ? -1 : row.number("offset", Integer.MAX_VALUE);
            if (length == 0 || length % PAGE != 0) {
                throw row.refused("len", "a multiple of 4096");
            }
            if (address % PAGE != 0 || Long.compareUnsigned(address - ramBase, ramSize - length) > 0) {
                throw row.refused("gpa", "a page in RAM, 0x%x to 0x%x".formatted(ramBase, ramBase + ramSize - 1));
            }
            if (offset >= 0 && (long) offset + length > content.length) {
                throw row.refused("offset", "a place inside the %d bytes of %s (is that file truncated?)"
                        .formatted(content.length, CONTENT));
            }
            return new MemoryImage.Page(address, length, offset, row.text("kind"));
        });
        checkCover(pages, content.length);
        return new MemoryImage(pages, content);
    }

    private static void checkCover(List<MemoryImage.Page> pages, int size) {
        var sorted = new ArrayList<>(pages);
        sorted.sort(Comparator.comparingLong(MemoryImage.Page::address));
        for (int i = 1; i < sorted.size(); i++) {
            MemoryImage.Page before = sorted.get(i - 1);
            if (before.address() + before.length() > sorted.get(i).address()) {
                throw new CaptureException(INDEX, "", "page 0x%x is there twice".formatted(sorted.get(i).address()));
            }
        }
        sorted.removeIf(page -> page.offset() < 0);
        sorted.sort(Comparator.comparingInt(MemoryImage.Page::offset));
        long next = 0;
        for (MemoryImage.Page page : sorted) {
            if (page.offset() != next) {
                throw new CaptureException(INDEX, "", "page 0x%x is at offset %d of %s; expected %d"
                        .formatted(page.address(), page.offset(), CONTENT, next));
            }
            next += page.length();
        }
        if (next != size) {
            throw new CaptureException(CONTENT, "", "%d bytes; %s tells of %d: one of them was altered"
                    .formatted(size, INDEX, next));
        }
    }
}
