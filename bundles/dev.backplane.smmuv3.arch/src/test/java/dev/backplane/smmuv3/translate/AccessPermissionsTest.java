package dev.backplane.smmuv3.translate;

import static dev.backplane.smmuv3.translate.Guest.CD;
import static dev.backplane.smmuv3.translate.Guest.S2_PAGE;
import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.Guest.Tables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What a page allows, by DDI 0487 section D8.4 and IHI 0070 sections 5.4 and 13.4: read, write and execute of
 * unprivileged and of privileged transactions, as {@code rwx} for each, found by doing every access; what a translation
 * reports is the same.
 */
class AccessPermissionsTest {
    private static final int SID = 8;
    private static final long VA = 0x1234_5000L;
    private static final long OUT = 0x5000_0000L;
    private static final long AF = 0x400;

    private Guest guest = new Guest(Guest.FULL);

    private String allowed(boolean privileged, boolean stage2) {
        var data = new TransactionAttributes(SID, -1, privileged, false);
        var fetch = new TransactionAttributes(SID, -1, privileged, true);
        boolean r = does(data, AccessKind.READ, stage2);
        boolean w = does(data, AccessKind.WRITE, stage2);
        boolean x = does(fetch, AccessKind.READ, stage2);
        assertThat(does(fetch, AccessKind.WRITE, stage2)).as("13.1.2: a write is always data").isEqualTo(w);
        report(data, r, w);
        report(fetch, x, w);
        return (r ? "r" : "-") + (w ? "w" : "-") + (x ? "x" : "-");
    }

    private void report(TransactionAttributes attributes, boolean readable, boolean writable) {
        for (AccessKind access : AccessKind.values()) {
            if (guest.go(attributes, VA, access) instanceof Translation.Mapped mapped) {
                assertThat(mapped.readable()).isEqualTo(readable);
                assertThat(mapped.writable()).isEqualTo(writable);
            }
        }
    }

    private boolean does(TransactionAttributes attributes, AccessKind access, boolean stage2) {
        if (guest.go(attributes, VA, access) instanceof Translation.Mapped) {
            return true;
        }
        SmmuEvent event = guest.event();
        assertThat(event.type()).isEqualTo(EventType.F_PERMISSION);
        assertThat(event.stage2()).isEqualTo(stage2);
        assertThat(event.faultClass()).isEqualTo(FaultClass.IN);
        assertThat(event.read()).isEqualTo(access.isRead());
        assertThat(event.privileged()).as("PnU").isEqualTo(attributes.privileged());
        assertThat(event.instruction()).as("InD is 0 when RnW is").isEqualTo(
                attributes.instruction() && access.isRead());
        return false;
    }

    private static long bits(String names) {
        long word = 0;
        for (String name : names.equals("-") ? new String[0] : names.split(" ")) {
            word |= switch (name) {
                case "AP1", "S2R" -> 1L << 6;
                case "AP2", "S2W" -> 1L << 7;
                case "PXN", "XN0" -> 1L << 53;
                case "UXN", "XN1" -> 1L << 54;
                case "PXNTable" -> 1L << 59;
                case "UXNTable" -> 1L << 60;
                case "APTable0" -> 1L << 61;
                case "APTable1" -> 1L << 62;
                default -> throw new IllegalArgumentException(name);
            };
        }
        return word;
    }

    private static Object[] fields(String names) {
        return new Object[] {
            Cd.WXN, names.contains(" WXN ") ? 1 : 0, Cd.UWXN, names.contains(" UWXN ") ? 1 : 0,
            Cd.PAN, names.contains(" PAN ") ? 1 : 0, Cd.HAD0, names.contains(" HAD ") ? 1 : 0
        };
    }

    private void stage1(String page, String table, String cd) {
        Tables tables = guest.tables(12, 39, 1);
        guest.map(tables, VA, 3, OUT | AF | 3 | bits(page));
        long slot = guest.slot(tables, VA, 1);
        guest.memory.store(slot, guest.memory.peek(slot) | bits(table));
        guest.cdAt(CD, Guest.with(Guest.cd(tables, 1), fields(" " + cd + " ")));
        guest.ste(SID, Guest.stage1Ste(CD));
    }

    @ParameterizedTest(name = "{0}, table {1}, CD {2}: unprivileged {3}, privileged {4}")
    @CsvSource({
        // D8.4.1.2.1: AP[2:1]; what is unprivileged-writable is never executed by the privileged.
        "-,               -, -, --x, rwx", "AP1,             -, -, rwx, rw-",
        "AP2,             -, -, --x, r-x", "AP1 AP2,         -, -, r-x, r-x",
        // D8.4.1.2.2: PXN, UXN
        "PXN,             -, -, --x, rw-", "UXN,             -, -, ---, rwx",
        "AP1 AP2 PXN,     -, -, r-x, r--", "AP1 AP2 UXN,     -, -, r--, r-x",
        "AP1 PXN UXN,     -, -, rw-, rw-", "AP2 PXN UXN,     -, -, ---, r--",
        // 5.4 WXN: what is writable is not executable.
        "-,               -, WXN, --x, rw-", "AP1,             -, WXN, rw-, rw-",
        "AP2,             -, WXN, --x, r-x", "AP1 AP2,         -, WXN, r-x, r-x",
        // 5.4 UWXN is for VMSAv8-32 only.
        "AP1,             -, UWXN, rwx, rw-", "-,               -, UWXN, --x, rwx",
        // 5.4 PAN: no privileged data access to what the unprivileged can access.
        "AP1 AP2,         -, PAN, r-x, --x", "AP1,             -, PAN, rwx, ---",
        "-,               -, PAN, --x, rwx", "AP2,             -, PAN, --x, r-x",
        // D8.4.1.3: hierarchical attributes
        "AP1,             APTable0, -, --x, rwx", "AP1,             APTable1, -, r-x, r-x",
        "-,               APTable1, -, --x, r-x", "AP1,             APTable0 APTable1, -, --x, r-x",
        "AP1 AP2,         PXNTable, -, r-x, r--", "AP1 AP2,         UXNTable, -, r--, r-x",
        "-,               PXNTable UXNTable, -, ---, rw-", "AP1,             APTable0, PAN, --x, rwx",
        "AP1,             APTable1, WXN, r-x, r-x",
        // 5.4 HAD0: they are ignored.
        "AP1,             APTable0 APTable1 UXNTable, HAD, rwx, rw-", "-,               PXNTable, HAD, --x, rwx",
        "AP1 PXN,         PXNTable, HAD, rwx, rw-",
    })
    void stage1Allows(String page, String table, String cd, String unprivileged, String privileged) {
        stage1(page, table, cd);
        assertThat(allowed(false, false)).as("unprivileged").isEqualTo(unprivileged);
        assertThat(allowed(true, false)).as("privileged").isEqualTo(privileged);
    }

    @ParameterizedTest(name = "{0}, XNX {1}: unprivileged {2}, privileged {3}")
    @CsvSource({
        // D8.4.2.1: S2AP; XN[1] alone without XNX, 13.4.3: PRIV does not count then.
        "-,             false, --x, --x", "S2R,           false, r-x, r-x", "S2W,           false, -wx, -wx",
        "S2R S2W,       false, rwx, rwx", "S2R S2W XN1,   false, rw-, rw-", "S2R XN0,       false, r-x, r-x",
        "S2R XN1 XN0,   false, r--, r--",
        // XN[1:0] with XNX: 0b01 is for the unprivileged, 0b11 for the privileged.
        "S2R S2W,       true,  rwx, rwx", "S2R S2W XN0,   true,  rwx, rw-", "S2R S2W XN1,   true,  rw-, rw-",
        "S2R XN1 XN0,   true,  r--, r-x",
    })
    void stage2Allows(String page, boolean xnx, String unprivileged, String privileged) {
        guest = new Guest(new SmmuCapabilities(
                true, true, 44, 48, true, true, true, 16, 0, true, true, true, true, 1, false, true, true, true, xnx,
                true, true, true, false));
        Tables tables = guest.tables(12, 39, 1);
        guest.map(tables, VA, 3, OUT | AF | 3 | 0b1111 << 2 | bits(page));
        guest.ste(SID, Guest.stage2Ste(tables, 3));
        assertThat(allowed(false, true)).as("unprivileged").isEqualTo(unprivileged);
        assertThat(allowed(true, true)).as("privileged").isEqualTo(privileged);
    }

    @Test
    void bothStagesMustAllow() {
        // 13.4: stage 1 is checked first, and then stage 2; the report is of both.
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.map(first, VA, 3, 0x7000_0000L | AF | 3 | bits("AP1 UXN"));
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.identity(second, CD, 0x1000);
        guest.identity(second, first.root(), 0x10_0000);
        guest.map(second, 0x7000_0000L, 3, OUT | AF | 3 | 0b1111 << 2 | bits("S2R"));
        guest.ste(SID, Guest.nestedSte(CD, second, 3));
        var mapped = (Translation.Mapped) guest.read(SID, VA);
        assertThat(mapped.readable()).isTrue();
        assertThat(mapped.writable()).isFalse();
        assertThat(guest.write(SID, VA)).isEqualTo(Translation.Terminated.ABORT);
        assertThat(guest.event().stage2()).isTrue();
        guest.go(new TransactionAttributes(SID, -1, false, true), VA, AccessKind.READ);
        assertThat(guest.event().stage2()).as("stage 1 forbids the fetch").isFalse();
    }

    @ParameterizedTest(name = "PRIVCFG {0}, INSTCFG {1}, {2}: PnU {3}, InD {4}")
    @CsvSource({
        // 5.2 PRIVCFG, INSTCFG; 0b01 behaves as 0b00.
        "0, 0, user data,  false, false", "0, 0, priv fetch, true,  true",  "1, 1, priv fetch, true,  true",
        "2, 0, priv data,  false, false", "3, 0, user data,  true,  false", "0, 2, user fetch, false, false",
        "0, 3, user data,  false, true",  "3, 3, user data,  true,  true",  "2, 2, priv fetch, false, false",
    })
    void recordsShowTheAttributesAfterOverrides(
            int privcfg, int instcfg, String incoming, boolean pnu, boolean ind) {
        // Nothing is allowed, so that each access is recorded: 7.3, PnU and InD are those after the STE's overrides.
        Tables tables = guest.tables(12, 39, 1);
        guest.cdAt(CD, Guest.cd(tables, 1));
        var attributes = new TransactionAttributes(SID, -1, incoming.contains("priv"), incoming.contains("fetch"));
        long[] ste = Guest.with(Guest.stage1Ste(CD), Ste.PRIVCFG, privcfg, Ste.INSTCFG, instcfg);
        guest.ste(SID, ste);
        guest.go(attributes, VA, AccessKind.READ);
        assertThat(guest.event().privileged()).isEqualTo(pnu);
        assertThat(guest.event().instruction()).isEqualTo(ind);
        guest.go(attributes, VA, AccessKind.WRITE);
        assertThat(guest.event().privileged()).isEqualTo(pnu);
        assertThat(guest.event().instruction()).as("a write is data").isFalse();

        // Without ATTR_PERMS_OVR both fields are RES0.
        guest = new Guest(Guest.VIRT);
        tables = guest.tables(12, 39, 1);
        guest.cdAt(CD, Guest.cd(tables, 1));
        guest.ste(SID, ste);
        guest.go(attributes, VA, AccessKind.READ);
        assertThat(guest.event().privileged()).isEqualTo(attributes.privileged());
        assertThat(guest.event().instruction()).isEqualTo(attributes.instruction());
    }

    @Test
    void overridesDecideWhatIsAllowed() {
        // 13.4.1: the attributes as modified are checked.
        stage1("AP1 AP2 UXN", "-", "-");
        long[] ste = Guest.stage1Ste(CD);
        guest.ste(SID, Guest.with(ste, Ste.INSTCFG, 3));
        assertThat(guest.read(SID, VA)).isEqualTo(Translation.Terminated.ABORT);
        guest.ste(SID, Guest.with(ste, Ste.INSTCFG, 3, Ste.PRIVCFG, 3));
        assertThat(guest.read(SID, VA)).isInstanceOf(Translation.Mapped.class);
        stage1("-", "-", "-");
        assertThat(guest.read(SID, VA)).isEqualTo(Translation.Terminated.ABORT);
        guest.ste(SID, Guest.with(ste, Ste.PRIVCFG, 3));
        assertThat(guest.write(SID, VA)).isInstanceOf(Translation.Mapped.class);
    }

    @ParameterizedTest(name = "S2FWB {0}, MemAttr {1}: {2}")
    @CsvSource({
        // 5.2 S2PTW; what is Device depends on S2FWB (13.1.6).
        "0, 0b0000, false", "0, 0b0011, false", "0, 0b0101, true", "0, 0b1111, true",
        "1, 0b0000, false", "1, 0b0011, false", "1, 0b0101, true", "1, 0b0110, true", "1, 0b0111, true",
        // Reserved: it gives Device-nGnRnE, so it is Device here too.
        "0, 0b0100, false", "1, 0b0100, false",
    })
    void protectedWalksDoNotReadDeviceMemory(int fwb, String memAttr, boolean reads) {
        int type = Integer.parseInt(memAttr.substring(2), 2);
        Tables first = guest.tables(12, 39, 1);
        Tables second = guest.tables(12, 39, 1);
        guest.map(first, VA, 3, 0x7000_0000L | Guest.PAGE);
        guest.cdAt(CD, Guest.cd(first, 1));
        guest.map(second, CD, 3, CD | AF | 3 | 0b0110 << 2 | bits("S2R"));
        for (long table = first.root(); table < first.root() + 0x10_0000; table += 4096) {
            guest.map(second, table, 3, table | AF | 3 | (long) type << 2 | bits("S2R"));
        }
        guest.map(second, 0x7000_0000L, 3, OUT | S2_PAGE);
        guest.ste(SID, Guest.with(Guest.nestedSte(CD, second, 3), Ste.S2PTW, 1, Ste.S2FWB, fwb));
        boolean mapped = guest.read(SID, VA) instanceof Translation.Mapped;
        assertThat(mapped).isEqualTo(reads);
        if (!reads) {
            assertThat(guest.event().type()).isEqualTo(EventType.F_PERMISSION);
            assertThat(guest.event().faultClass()).isEqualTo(FaultClass.TT);
            assertThat(guest.event().stage2()).isTrue();
        }
    }
}
