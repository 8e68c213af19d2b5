package dev.backplane.itest.qemu;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Words of guest memory, and a simple allocator for them. What is not in it is zero. */
final class Image {
    private static final int LONGEST_RUN = 512;

    private record Run(long address, List<Long> words) {}

    private final TreeMap<Long, Long> words = new TreeMap<>();
    private long next;

    /** Makes an empty image that hands out memory from an address on. */
    Image(long base) {
        next = base;
    }

    /** {@return the address of fresh memory, aligned as said} */
    long allocate(long size, long alignment) {
        long address = next + alignment - 1 & -alignment;
        next = address + size;
        return address;
    }

    long get(long address) {
        return words.getOrDefault(address, 0L);
    }

    boolean has(long address) {
        return words.containsKey(address);
    }

    void put(long address, long word) {
        words.put(address, word);
    }

    void put(long address, long[] values) {
        for (int i = 0; i < values.length; i++) {
            put(address + 8L * i, values[i]);
        }
    }

    private List<Run> runs() {
        var runs = new ArrayList<Run>();
        for (Map.Entry<Long, Long> word : words.entrySet()) {
            Run last = runs.isEmpty() ? null : runs.getLast();
            if (last == null || last.address() + 8L * last.words().size() != word.getKey()
                    || last.words().size() == LONGEST_RUN) {
                last = new Run(word.getKey(), new ArrayList<>());
                runs.add(last);
            }
            last.words().add(word.getValue());
        }
        return runs;
    }

    /** Posts the writes that bring the image into a machine. */
    void upload(Peer machine) {
        for (Run run : runs()) {
            ByteBuffer data = ByteBuffer.allocate(8 * run.words().size()).order(ByteOrder.LITTLE_ENDIAN);
            run.words().forEach(data::putLong);
            machine.bytes(run.address(), data.array());
        }
    }

    /** Posts the writes that make what was uploaded zero again. */
    void erase(Peer machine) {
        for (Run run : runs()) {
            machine.post("memset 0x%x 0x%x 0", run.address(), 8 * run.words().size());
        }
    }
}
