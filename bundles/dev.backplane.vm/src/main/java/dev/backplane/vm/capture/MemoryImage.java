package dev.backplane.vm.capture;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** The pages of guest memory that a capture kept. Immutable. */
public final class MemoryImage {
    private final TreeMap<Long, Page> byAddress = new TreeMap<>();
    private final byte[] content;

    /**
     * A run of guest memory.
     *
     * @param address guest-physical address
     * @param length bytes
     * @param offset first byte in the content, -1 for zeros
     * @param kind what it holds, for example {@code cd} or {@code pt-s1-l3}
     */
    public record Page(long address, int length, int offset, String kind) {}

    MemoryImage(List<Page> pages, byte[] content) {
        pages.forEach(page -> byAddress.put(page.address, page));
        this.content = content;
    }

    /** {@return all pages, ascending} */
    public Iterable<Page> pages() {
        return byAddress.values();
    }

    /** {@return how many pages there are} */
    public int count() {
        return byAddress.size();
    }

    /** {@return the bytes that all pages share; pages say where theirs are} */
    public byte[] content() {
        return content;
    }

    /** {@return the 64-bit word at an address, or null when the capture does not hold it} */
    public Long word(long address) {
        Map.Entry<Long, Page> found = byAddress.floorEntry(address);
        if (found == null || address + 8 > found.getKey() + found.getValue().length) {
            return null;
        }
        Page page = found.getValue();
        if (page.offset < 0) {
            return 0L;
        }
        long value = 0;
        int first = page.offset + (int) (address - page.address);
        for (int i = 7; i >= 0; i--) {
            value = value << 8 | content[first + i] & 0xFF;
        }
        return value;
    }
}
