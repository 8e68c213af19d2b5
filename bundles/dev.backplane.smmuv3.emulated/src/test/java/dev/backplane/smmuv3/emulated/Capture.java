package dev.backplane.smmuv3.emulated;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;

/** A frozen Linux 6.12 guest of QEMU 11.1 with 4 KiB pages: the SMMU's memory, mappings, and QEMU's translations. */
final class Capture {
    private Capture() {}

    static TestMemory memory() throws IOException {
        var memory = new TestMemory();
        byte[] pages;
        try (var in = new GZIPInputStream(open("memory.bin.gz"))) {
            pages = in.readAllBytes();
        }
        for (String[] row : rows("memory.idx.gz", 0)) {
            if (row[0].startsWith("0x")) {
                int offset = Integer.parseInt(row[1]);
                byte[] page = new byte[4096];
                if (offset >= 0) {
                    System.arraycopy(pages, offset, page, 0, page.length);
                }
                memory.page(Long.decode(row[0]), page);
            }
        }
        return memory;
    }

    static List<String[]> rows(String name, int heading) throws IOException {
        try (var reader = new BufferedReader(
                new InputStreamReader(new GZIPInputStream(open(name)), StandardCharsets.US_ASCII))) {
            return reader.lines().skip(heading).map(line -> line.split(",", -1)).toList();
        }
    }

    private static InputStream open(String name) {
        return Capture.class.getResourceAsStream("linux-6.12/" + name);
    }

    /** A board in the state in which the guest's driver left the SMMU. */
    static TestBoard board() throws Exception {
        var board = new TestBoard(memory(), Map.of("profile", "virt-11.1"));
        board.reset();
        for (String[] row : rows("registers.csv.gz", 1)) {
            if (row[1].equals("W")) {
                long value = Long.parseUnsignedLong(row[4].substring(2), 16);
                board.write(Long.decode(row[2]), Integer.parseInt(row[3]), value);
            }
        }
        return board;
    }
}
