package dev.backplane.smmuv3.accel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.RealizeException;
import dev.backplane.device.RestoreException;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HardwareInfo;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a host must offer, and what it decides where the properties are open. */
class CompatibilityTest {
    private final FakeHost host = new FakeHost();

    private FakeHost.Device device(String name, String... fields) {
        var device = host.device(name);
        var idr = new ArrayList<>(device.info.idr());
        boolean noAts = false;
        for (String field : fields) {
            if (field.equals("noats")) {
                noAts = true;
                continue;
            }
            // register.msb:lsb=value
            String[] parts = field.split("[.:=]");
            int register = Integer.parseInt(parts[0]);
            int msb = Integer.parseInt(parts[1]);
            int lsb = Integer.parseInt(parts[2]);
            int mask = (int) ((1L << msb - lsb + 1) - 1 << lsb);
            idr.set(register, idr.get(register) & ~mask | Integer.parseInt(parts[3]) << lsb);
        }
        device.info = new HardwareInfo(idr, 0, 0, noAts, 20);
        return device;
    }

    private static Map<String, String> properties(String text) {
        var properties = new HashMap<String, String>();
        if (text != null) {
            for (String pair : text.split(";")) {
                properties.put(pair.split("=")[0], pair.split("=")[1]);
            }
        }
        return properties;
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0.28:27=0 |                   | IDR0.ST_LEVEL of the host's SMMU is 0, the guest is shown 1: assign a device behind another SMMU",
        "0.22:21=3 |                   | IDR0.TTENDIAN of the host's SMMU is 3, the guest is shown 2: assign a device behind another SMMU",
        "0.3:2=1   |                   | IDR0.TTF of the host's SMMU is 1, the guest is shown 2: assign a device behind another SMMU",
        "0.25:24=2 |                   | IDR0.STALL_MODEL of the host's SMMU is 2, the guest is shown 1: assign a device behind another SMMU",
        "0.12:12=0 |                   | IDR0.ASID16 of the host's SMMU is 0, the guest is shown 1: assign a device behind another SMMU",
        "1.5:0=8   |                   | IDR1.SIDSIZE of the host's SMMU is 8, the guest is shown 16: lower sidsize",
        "1.10:6=4  | ssidsize=5        | IDR1.SSIDSIZE of the host's SMMU is 4, the guest is shown 5: lower ssidsize",
        "3.10:10=0 | ril=on            | IDR3.RIL of the host's SMMU is 0, the guest is shown 1: set ril=off",
        "3.12:11=1 | profile=virt-11.1 | IDR3.BBML of the host's SMMU is 1, the guest is shown 2: set profile=accelerated",
        "5.4:4=0   | granules=4K       | IDR5.GRAN4K of the host's SMMU is 0, the guest is shown 1: leave 4K out of granules",
        "5.5:5=0   | granules=4K,16K   | IDR5.GRAN16K of the host's SMMU is 0, the guest is shown 1: leave 16K out of granules",
        "5.6:6=0   | granules=64K      | IDR5.GRAN64K of the host's SMMU is 0, the guest is shown 1: leave 64K out of granules",
        "noats     | ats=on            | the host does not support ATS for it, the guest is shown ATS: set ats=off",
        "5.6:4=0   |                   | no granule is chosen: expected at least one of 4K, 16K, 64K",
    })
    void theHostOffersWhatTheGuestIsShown(String lacking, String given, String message) throws Exception {
        var board = new TestBoard(host, properties(given));
        assertThat(board.connect(0x108, device("0000:41:00.0", lacking)))
                .contains("host device 0000:41:00.0 cannot be behind this SMMU: " + message);
        assertThat(host.objects()).isEmpty();
        assertThat(board.connect(0x108, device("0000:42:00.0"))).as("with all of it").isEmpty();
    }

    /** A host may stall and be told not to; mixed endianness, both table formats and more of anything are fine. */
    @ParameterizedTest
    @CsvSource({"0.25:24=0", "0.22:21=0", "0.3:2=3", "0.26:26=0", "5.2:0=6", "5.11:10=1", "3.12:11=0", "5.2:0=0"})
    void theHostMayOfferMoreOrLackWhatIsNotShown(String field) throws Exception {
        assertThat(new TestBoard(host).connect(0x108, device("a", field))).isEmpty();
    }

    @Test
    void whatIsOpenIsWhatTheDevicesOffer() throws Exception {
        var board = new TestBoard(host);
        board.connect(0x108, device("a", "5.5:5=0", "1.10:6=7"));
        board.started();
        assertThat(board.read(0x00, 4)).isEqualTo(0x0D48_141AL);
        assertThat(board.read(0x04, 4) >>> 6 & 0x1F).as("SSIDSIZE").isEqualTo(7);
        assertThat(board.read(0x0C, 4)).as("RIL").isEqualTo(0x400);
        assertThat(board.read(0x14, 4)).as("granules and OAS").isEqualTo(0x55);
    }

    /** OAS is not promised; a host that does not tell shows 0. */
    @ParameterizedTest
    @CsvSource({"0, 4", "1, 4", "2, 2", "4, 4", "5, 5", "6, 5"})
    void theOutputAddressSizeIsAHint(int told, int shown) throws Exception {
        var board = new TestBoard(host);
        board.connect(0x108, device("a", "5.2:0=" + told));
        board.started();
        assertThat(board.read(0x14, 4) & 7).isEqualTo(shown);
    }

    @Test
    void devicesNarrowWhatIsOpenInTheirOrder() throws Exception {
        var board = new TestBoard(host);
        assertThat(board.connect(0x108, device("a"))).isEmpty();
        assertThat(board.connect(0x110, device("b", "noats", "1.10:6=3", "3.10:10=0", "5.2:0=3"))).isEmpty();
        board.started();
        assertThat(board.read(0x00, 4) >>> 10 & 1).as("ATS").isZero();
        assertThat(board.read(0x04, 4) >>> 6 & 0x1F).as("SSIDSIZE").isEqualTo(3);
        assertThat(board.read(0x0C, 4)).as("RIL").isZero();
        assertThat(board.read(0x14, 4) & 7).as("OAS").isEqualTo(3);
    }

    @Test
    void propertiesThatAreGivenStandWhateverTheHostOffers() throws Exception {
        var board = new TestBoard(host, properties("ats=off;ril=off;ssidsize=0;oas=44;granules=4K,64K"));
        board.connect(0x108, device("a"));
        board.started();
        assertThat(board.read(0x00, 4)).isEqualTo(0x0D40_101AL);
        assertThat(board.read(0x04, 4) >>> 6 & 0x1F).isZero();
        assertThat(board.read(0x0C, 4)).isZero();
        assertThat(board.read(0x14, 4)).isEqualTo(0x54);
    }

    /** Which granules there are is known when devices are. */
    @Test
    void addressesThatNeedOneOfTheHostsGranulesAreRefusedWhenItHasNone() throws Exception {
        var board = new TestBoard(host, properties("oas=52"));
        assertThat(board.connect(0x108, device("a", "5.6:6=0"))).contains("host device a cannot be behind this SMMU: "
                + "oas 52 needs the 64K granule: add it to granules or choose oas 48");
        assertThat(board.connect(0x110, device("b"))).isEmpty();
        board.started();
        assertThat(board.read(0x14, 4)).as("granules and OAS").isEqualTo(0x76);
        assertThatThrownBy(new TestBoard(host, properties("oas=52"))::started)
                .isInstanceOf(RealizeException.class)
                .hasMessage("oas 52 needs the 64K granule: add it to granules or choose oas 48");
    }

    @Test
    void laterDevicesFitOrAreRefused() throws Exception {
        var board = new TestBoard(host);
        board.connect(0x108, device("a"));
        board.started();
        assertThat(board.connect(0x110, device("b", "3.10:10=0")))
                .contains("host device b cannot be behind this SMMU: IDR3.RIL of the host's SMMU is 0, the guest is "
                        + "shown 1: set ril=off");
        assertThat(board.connect(0x110, device("c", "1.10:6=3")).orElseThrow()).contains("lower ssidsize");
        assertThat(board.connect(0x110, device("d", "noats")).orElseThrow()).contains("set ats=off");
        assertThat(board.connect(0x110, device("e", "0.19:19=0")).orElseThrow()).contains("set ssidsize=0");
        assertThat(board.connect(0x110, device("f"))).isEmpty();
    }

    /** Behind a bus without number a device is connected and disconnected once before the machine is done. */
    @Test
    void aDeviceThatIsSeenBrieflyCountsToo() throws Exception {
        var board = new TestBoard(host);
        assertThat(board.connect(0x000, device("a"))).isEmpty();
        board.disconnect(0x000);
        assertThat(host.objects()).isEmpty();
        board.started();
        assertThat(board.read(0x00, 4) >>> 10 & 1).as("ATS").isEqualTo(1);
        assertThat(board.connect(0x108, device("a"))).isEmpty();
    }

    @Test
    void withoutADeviceWhatAnyHostCanDoIsShownAndSaid() throws Exception {
        var board = new TestBoard(host).started();
        assertThat(board.read(0x00, 4)).isEqualTo(0x0D40_101AL);
        assertThat(board.read(0x14, 4)).isEqualTo(0x14);
        assertThat(board.notes).anyMatch(note -> note.startsWith("host: no device is assigned when the machine is done"));
        assertThat(board.connect(0x108, device("a", "3.10:10=0", "1.10:6=0", "5.6:5=0", "noats"))).isEmpty();
    }

    @Test
    void aHostWithoutAnSmmuIsRefused() throws Exception {
        host.failures.put("info", Errno.EOPNOTSUPP);
        assertThat(new TestBoard(host).connect(0x108, device("a")).orElseThrow())
                .startsWith("host device a tells nothing about an SMMUv3 in front of it: info: EOPNOTSUPP");
    }

    @Test
    void whatWasSettledIsStateAndAnotherHostMustOfferIt() throws Exception {
        var board = new TestBoard(host);
        board.connect(0x108, device("a"));
        board.enabled();
        var state = board.smmu.save();
        var fresh = new TestBoard(new FakeHost());
        fresh.smmu.restore(state);
        assertThat(fresh.read(0x00, 4)).isEqualTo(board.read(0x00, 4));
        assertThat(fresh.read(0x04, 4)).isEqualTo(board.read(0x04, 4));
        assertThat(fresh.read(0x14, 4)).isEqualTo(board.read(0x14, 4));
        assertThat(fresh.connect(0x108, device("b", "3.10:10=0")).orElseThrow()).contains("set ril=off");

        var other = new TestBoard(new FakeHost());
        other.connect(0x108, device("c", "3.10:10=0"));
        assertThatThrownBy(() -> other.smmu.restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("set ril=off");
        var given = new TestBoard(new FakeHost(), properties("ril=off"));
        assertThatThrownBy(() -> given.smmu.restore(state))
                .isInstanceOf(RestoreException.class)
                .hasMessageContaining("IDR3");
    }
}
