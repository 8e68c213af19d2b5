package dev.backplane.vm.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CaptureReaderTest {
    private static final Path SHIPPED = Path.of("src/main/capture");
    private static final long SEED = 20260101L;

    @TempDir
    Path folder;

    @BeforeEach
    void copy() throws IOException {
        try (var files = Files.list(SHIPPED)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void readsTheShippedCapture() {
        Capture capture = CaptureReader.read(folder);
        assertThat(capture.machine().memory()).isEqualTo(512L << 20);
        assertThat(capture.machine().processors()).isEqualTo(2);
        assertThat(capture.machine().options())
                .isEqualTo(Map.of("gic-version", "3", "its", "on", "iommu", "smmuv3"));
        assertThat(capture.machine().devices()).extracting(Capture.Device::type)
                .containsExactly("nvme", "virtio-blk-pci", "e1000e", "pcie-root-port", "igb");
        assertThat(capture.smmus()).singleElement().satisfies(smmu -> {
            assertThat(smmu.base()).isEqualTo(0x0905_0000L);
            assertThat(smmu.register("STRTAB_BASE")).isEqualTo(0x4000_0000_4325_0000L);
        });
        assertThat(capture.mappings()).hasSize(2017);
        assertThat(capture.mappings().getFirst())
                .isEqualTo(new Capture.MappingRow(2, "smmu", 8, 0xff300000L, 0x44fe0000L,
                0x1000, "r", 3, 3, 0, 0x440cb800L, 0x44fe0fc7L));
        assertThat(capture.oracle()).hasSize(1229);
        assertThat(capture.oracle().stream().filter(row -> row.event().equals("F_PERMISSION")).findFirst().orElseThrow()
                .record()).isEqualTo(List.of(0x0000000800000013L, 0x0000020000000000L, 4281340208L, 0L));
        assertThat(capture.accesses()).hasSize(3961);
        assertThat(capture.msis()).hasSize(9);
        assertThat(capture.memory().count()).isEqualTo(640);
        assertThat(capture.streamConfig("smmu", 8)).contains(5);
        assertThat(capture.functions()).filteredOn(FunctionImage::isBridge).singleElement()
                .satisfies(bridge -> assertThat(bridge.secondaryBus()).isEqualTo(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"registers.json", "cmdline.txt", "memory.idx", "memory.bin"})
    void namesAMissingFileThatIsNeeded(String name) throws IOException {
        Files.deleteIfExists(folder.resolve(name));
        Files.deleteIfExists(folder.resolve(name + ".gz"));
        assertThatThrownBy(() -> CaptureReader.read(folder))
                .isInstanceOf(CaptureException.class)
                .hasMessageStartingWith(name + ": missing in ");
    }

    @Test
    void optionalFilesMayBeMissing() throws IOException {
        for (String name : List.of("mappings.csv.gz", "oracle.csv.gz", "trace-sample.csv.gz", "mmio-trace.csv.gz",
                "msi.csv",
                "streams.json", "its-commands.csv")) {
            Files.delete(folder.resolve(name));
        }
        Capture capture = CaptureReader.read(folder);
        assertThat(capture.mappings()).isEmpty();
        assertThat(capture.accesses()).isEmpty();
    }

    @Test
    void refusesWhatIsNoFolder() {
        assertThatThrownBy(() -> CaptureReader.read(folder.resolve("nowhere")))
                .hasMessageContaining("nowhere'; expected the folder of a capture");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "mappings.csv.gz | 0xff300000,0x44fe0000 | 0xff300000,0x44zz0000 | line 2, column pa: '0x44zz0000': "
                + "expected a number",
        "mappings.csv.gz | ,r,3,3,0,0x440cb800   | ,x,3,3,0,0x440cb800   | line 2, column perm: 'x': expected one "
                + "of r, w, rw",
        "mappings.csv.gz | 0x44fe0fc7            | 0x44fe1fc7            | the memory at 0x440cb800 holds 0x44fe0fc7",
        "mappings.csv.gz | smmu,0x8,0xff300000   | smmx,0x8,0xff300000   | line 2, column smmu: 'smmx'",
        "mappings.csv.gz | smmu,sid,iova         | smmu,sid,iovb         | line 1: no column 'iova'",
        "oracle.csv.gz   | 0000020000000000      | 00000200              | column event_dwords",
        "memory.idx      | 0x429c0000,0,4096     | 0x429c0001,0,4096     | line 2, column gpa: '0x429c0001'",
        "memory.idx      | 0x429c0000,0,4096     | 0x629c0000,0,4096     | expected a page in RAM",
        "memory.idx      | 0x429d0000,4096,      | 0x429d0000,8192,      | of memory.bin; expected 4096",
        "memory.idx      | 0x429c1000,-1         | 0x429c0000,-1         | page 0x429c0000 is there twice",
        "registers.json  | \"CR0\": \"0xd\"      | \"CR0\": \"0xf\"      | one was altered",
        "registers.json  | \"CR0\":              | \"CRX\":              | smmus[0].regs.CR0: missing",
        "registers.json  | 0x9050000             | zero                  | smmus[0].base: 'zero': expected a number",
        "registers.json  | \"0x1b36\"            | \"0x1b37\"            | pci[0].config256: expected 256 bytes "
                + "that begin with",
        "streams.json    | 0x00000000436c000b    | 0x00000000436c000d    | the memory at 0x5b660200 holds 0x436c000b",
        "cmdline.txt     | -m 512M               | -m lots               | -m: 'lots': expected a size such as 512M",
        "cmdline.txt     | virt,gic-version=3    | pc                    | -machine: 'pc': expected virt",
        "msi.csv         | 0xfffff040            | doorbell              | column addr_iova: 'doorbell': expected a "
                + "number",
        "mmio-trace.csv.gz | 101,R,0x0,4         | 101,X,0x0,4           | line 2, column op: 'X': expected one of "
                + "R, W",
        "mmio-trace.csv.gz | 101,R,0x0,4         | 101,R,0x2,4           | line 2, column offset: '0x2'",
    })
    void namesFileAndPlaceOfAnAlteration(String file, String from, String to, String message) throws IOException {
        String text = text(file);
        assertThat(text).contains(from);
        put(file, text.replaceFirst(Pattern.quote(from), to));
        assertThatThrownBy(() -> CaptureReader.read(folder))
                .isInstanceOf(CaptureException.class)
                .hasMessageContaining(file.replace(".gz", ""))
                .hasMessageContaining(message);
    }

    @Test
    void everyTruncatedCompressedOrStructuredFileIsRefused() throws IOException {
        var random = new Random(SEED);
        for (String name : List.of("memory.bin.gz", "mappings.csv.gz", "oracle.csv.gz", "mmio-trace.csv.gz",
                "registers.json",
                "streams.json")) {
            byte[] whole = Files.readAllBytes(SHIPPED.resolve(name));
            for (int i = 0; i < 8; i++) {
                int length = random.nextInt(whole.length - 2);
                Files.write(folder.resolve(name), Arrays.copyOf(whole, length));
                assertThatThrownBy(() -> CaptureReader.read(folder))
                        .as("seed %d: %s cut to %d bytes", SEED, name, length)
                        .isInstanceOf(CaptureException.class)
                        .hasMessageStartingWith(name.replace(".gz", ""));
            }
            Files.write(folder.resolve(name), whole);
        }
    }

    @Test
    void anyAlteredByteGivesACaptureOrAMessage() throws IOException {
        var random = new Random(SEED);
        List<String> names;
        try (var files = Files.list(SHIPPED)) {
            names = files.map(file -> file.getFileName().toString()).filter(name -> !name.endsWith(".md")).sorted()
                    .toList();
        }
        int refused = 0;
        for (int i = 0; i < 100; i++) {
            String name = names.get(random.nextInt(names.size()));
            byte[] whole = Files.readAllBytes(SHIPPED.resolve(name));
            byte[] altered = whole.clone();
            int place = random.nextInt(altered.length);
            altered[place] ^= (byte) (1 << random.nextInt(8));
            Files.write(folder.resolve(name), altered);
            Throwable thrown = catchThrowable(() -> CaptureReader.read(folder));
            if (thrown != null) {
                assertThat(thrown).as("seed %d, step %d: byte %d of %s", SEED, i, place, name)
                        .isInstanceOf(CaptureException.class);
                refused++;
            }
            Files.write(folder.resolve(name), whole);
        }
        assertThat(refused).isGreaterThan(50);
    }

    private String text(String name) throws IOException {
        byte[] bytes = Files.readAllBytes(folder.resolve(name));
        if (name.endsWith(".gz")) {
            try (var in = new GZIPInputStream(Files.newInputStream(folder.resolve(name)))) {
                bytes = in.readAllBytes();
            }
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private void put(String name, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (name.endsWith(".gz")) {
            var packed = new ByteArrayOutputStream();
            try (var out = new GZIPOutputStream(packed)) {
                out.write(bytes);
            }
            bytes = packed.toByteArray();
        }
        Files.write(folder.resolve(name), bytes);
    }
}
