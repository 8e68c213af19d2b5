package dev.backplane.shell.pci;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.board.PciFabric;
import dev.backplane.pci.Bdf;
import dev.backplane.shell.text.Tree;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class FunctionDecoderTest {
    /** First bytes of the configuration space of an NVMe controller as a guest had programmed it. */
    private static final String NVME = "361b1000060410000202080100000000040020008000000000000000000000000000000000000"
            + "00000000000f41a0011"
            + "000000004000000000000000170100001180408000200000003000000000000000000000000000000000000000000000010003"
                    + "00080000"
            + "000000000000000000000000000000000000000000000000000106002092002080001000000000110400000000110000000000"
                    + "00000000"
            + "000000000000000030000000";
    /** A root port with its bus numbers and windows. */
    private static final String ROOT_PORT = "361b0c000704100000000406000001000050241000000000000101001010000000101010"
            + "01001100800000008000000000"
            + "0000005400000000000000140102000d000000361b00001140008000000000000800001048420120808000000f000000040630"
                    + "0000001"
            + "1207b000200f10340000000000000000000200030002000000000001e0000000400";

    private static ConfigSpace config(byte[] bytes) {
        return (offset, size) -> {
            int value = 0;
            for (int i = size - 1; i >= 0; i--) {
                value = value << 8 | bytes[offset + i] & 0xFF;
            }
            return value;
        };
    }

    private static String decode(String hex, PciFabric.Function function) {
        byte[] space = new byte[4096];
        byte[] given = HexFormat.of().parseHex(hex.substring(0, hex.length() & ~1));
        System.arraycopy(given, 0, space, 0, given.length);
        return Tree.draw(new FunctionDecoder(config(space)).decode(function));
    }

    @Test
    void decodesAnEndpoint() {
        String text = decode(NVME, new PciFabric.Function(new Bdf(0, 1, 0), "nvme0", "nvme", 0x1B36, 0x10, 0x010802,
                List.of(new PciFabric.BarMapping(0, "mem64", 0x80_0020_0000L, 0x4000))));
        assertThat(text).startsWith("00:01.0  Non-Volatile memory controller").contains(
                "1b36:0010", "revision 02", "1af4:1100", "I/O- Mem+ BusMaster+", "DisINTx+", "pin A",
                "0x8000200000", "mem64, size 0x4000", "[40] MSI-X", "Enable+ Masked- Count=65", "Vector table", "BAR0",
                "offset 0x2000");
    }

    @Test
    void decodesABridge() {
        String text = decode(ROOT_PORT,
                new PciFabric.Function(new Bdf(0, 4, 0), "rp1", "pcie-root-port", 0x1B36, 0xC, 0x060400,
                List.of()));
        assertThat(text).startsWith("00:04.0  PCI bridge")
                .contains("primary 00, secondary 01, subordinate 01", "Memory window",
                "[54] Express", "Root Port");
    }

    @Test
    void aLoopInTheCapabilityListEnds() {
        byte[] space = new byte[4096];
        space[6] = 0x10;
        space[0x34] = 0x40;
        space[0x40] = 0x09;
        space[0x41] = 0x40;
        String text = Tree.draw(new FunctionDecoder(config(space)).decode(
                new PciFabric.Function(new Bdf(0, 2, 0), "", "x", 0, 0, 0, List.of())));
        assertThat(text).containsOnlyOnce("[40] Vendor Specific");
    }

    @Test
    void decodesExtendedCapabilities() {
        byte[] space = new byte[4096];
        put(space, 0x100, 0x1B | 1 << 16 | 0x140 << 20);
        space[0x105] = 20;
        put(space, 0x140, 0x0F | 1 << 16);
        space[0x147] = (byte) 0x80;
        String text = Tree.draw(new FunctionDecoder(config(space)).decode(
                new PciFabric.Function(new Bdf(0, 2, 0), "", "x", 0, 0, 0, List.of())));
        assertThat(text).contains("[100 v1] Process Address Space ID", "width 20",
                "[140 v1] Address Translation Service",
                "Enable+");
    }

    private static void put(byte[] space, int offset, int value) {
        for (int i = 0; i < 4; i++) {
            space[offset + i] = (byte) (value >>> 8 * i);
        }
    }
}
