package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.PageTables.Entry;
import dev.backplane.itest.qemu.SmmuScene.Transfer;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/**
 * Where QEMU's SMMU departs from the architecture, or chooses otherwise than we do. Sections are those of IHI 0070.
 */
final class SmmuDeviations {
    /** Output address size of the machine, which is its intermediate address size too. */
    private static final int ADDRESS_BITS = 44;

    private static final long READ = 1L << 35;
    private static final long STAGE2 = 1L << 39;
    private static final long TABLE_READ = 1L << 44;
    private static final long PAGE_BITS = 0xFFF;
    private static final long ADDRESS = PageTables.ADDRESS;
    private static final long CD_POINTER = 0x00FF_FFFF_FFFF_FFC0L;
    /** Results of the test device. */
    private static final long TRANSFER_FAILED = 0xDEAD_0002L;
    private static final long READ_BACK_DIFFERS = 0xDEAD_0004L;

    /** A difference as a whole. */
    @FunctionalInterface
    private interface Situation {
        boolean is(SmmuScene scene, Transfer transfer, Fault ours, Fault theirs);
    }

    /** What a record of the peer has to be read as. */
    @FunctionalInterface
    private interface Correction {
        EventRecord correct(SmmuScene scene, EventRecord ours, EventRecord theirs);
    }

    /**
     * How a transfer ended: with its only record, or none.
     *
     * @param none whether there is no record, and the event queue takes any
     * @param unseen whether the event queue is off, so that any fault may have been
     * @param silent whether there is no record, and the transfer is not known to have succeeded
     */
    private record Fault(boolean none, boolean unseen, boolean silent, EventRecord record) {
        static Fault of(SmmuScene scene, SmmuStep step) {
            boolean empty = step.events().isEmpty();
            boolean unseen = empty && (scene.cr0 & 5) == 1;
            return new Fault(empty && !unseen, unseen, empty && step.result() != 0,
                    empty ? new EventRecord(0, 0, 0, 0) : step.events().getFirst());
        }

        boolean is(int type) {
            return unseen || !none && record.type() == type;
        }

        boolean isAny(int... types) {
            for (int type : types) {
                if (is(type)) {
                    return true;
                }
            }
            return false;
        }

        boolean stage2() {
            return unseen || !none && record.stage2();
        }

        boolean ofClass(int faultClass) {
            return unseen || !none && record.faultClass() == faultClass;
        }
    }

    static final List<Deviation<SmmuScene, SmmuStep>> ALL = all();

    private SmmuDeviations() {}

    private static List<Deviation<SmmuScene, SmmuStep>> all() {
        var all = new ArrayList<Deviation<SmmuScene, SmmuStep>>();
        records(all);
        streams(all);
        faults(all);
        nested(all);
        return List.copyOf(all);
    }

    private static Deviation<SmmuScene, SmmuStep> record(String name, Correction correction) {
        return new Deviation<>(name, (scene, step, ours, theirs) -> {
            if (ours.events().size() != theirs.events().size()) {
                return theirs;
            }
            var records = new ArrayList<EventRecord>();
            for (int i = 0; i < ours.events().size(); i++) {
                EventRecord mine = ours.events().get(i);
                EventRecord other = theirs.events().get(i);
                records.add(mine.kind() == other.kind() ? correction.correct(scene, mine, other) : other);
            }
            return theirs.withEvents(records);
        });
    }

    private static Deviation<SmmuScene, SmmuStep> outcome(String name, Situation situation) {
        return new Deviation<>(name, (scene, step, ours, theirs) ->
                situation.is(scene, scene.transfers.get(step), Fault.of(scene, ours), Fault.of(scene, theirs))
                        ? theirs.withResult(ours.result()).withFault(ours.events())
                        : theirs);
    }

    private static void records(List<Deviation<SmmuScene, SmmuStep>> all) {
        // 7.3.1 lets records be merged. The peer repeats an access in pieces of four bytes, each with a record.
        all.add(new Deviation<>("evt-repeat", (scene, step, ours, theirs) -> {
            var kept = new ArrayList<EventRecord>();
            for (EventRecord record : theirs.events()) {
                EventRecord last = kept.isEmpty() ? null : kept.getLast();
                if (last == null || last.kind() != record.kind() || last.flags() != record.flags()
                        || (last.input() ^ record.input()) >>> 12 != 0) {
                    kept.add(record);
                }
            }
            return scene.transfers.get(step).length() > 4 ? theirs.withEvents(List.copyOf(kept)) : theirs;
        }));
        // The device stops at the first page that faults; the peer's goes on with the next one.
        all.add(new Deviation<>("mid-fault", (scene, step, ours, theirs) -> {
            Transfer transfer = scene.transfers.get(step);
            long last = transfer.iova() + transfer.length() - 1;
            boolean crosses = (transfer.iova() ^ last) >>> 12 != 0;
            return crosses && ours.events().size() == 1 && theirs.events().size() == 2
                            && (theirs.events().getLast().input() ^ last) >>> 12 == 0
                    ? theirs.withEvents(theirs.events().subList(0, 1))
                    : theirs;
        }));
        // 7.3.13: IPA is bits [51:12]. The peer fills the bits below too.
        all.add(record("evt-ipa-low-bits", (scene, ours, theirs) ->
                ours.stage2() && theirs.stage2() && ours.other() == (theirs.other() & ~PAGE_BITS)
                        ? theirs.withOther(ours.other())
                        : theirs));
        // 7.3.10: FetchAddr is bits [247:195]. The peer writes it 64 bits lower.
        all.add(record("evt-cd-fetch-addr", (scene, ours, theirs) ->
                ours.type() == EventRecord.F_CD_FETCH && theirs.input() == ours.other() && theirs.other() == 0
                        ? new EventRecord(theirs.kind(), theirs.flags(), 0, theirs.input())
                        : theirs));
        // 7.3.13: RnW is the transaction's. The peer reports its own read of a structure where CLASS is not IN.
        all.add(record("evt-rnw-class", (scene, ours, theirs) ->
                ours.ofTranslation() && ours.faultClass() != EventRecord.CLASS_IN && theirs.read()
                        ? theirs.withFlags(READ, ours.flags())
                        : theirs));
        // 7.3.16: TTRnW tells that it was a read of a table that stage 2 refused. The peer never sets it.
        all.add(record("evt-ttrnw", (scene, ours, theirs) ->
                ours.type() == EventRecord.F_PERMISSION && ours.faultClass() == EventRecord.CLASS_TT
                        ? theirs.withFlags(TABLE_READ, ours.flags())
                        : theirs));
        // 7.3.13: the IPA is the descriptor's. The peer reports that of the table.
        all.add(record("evt-tt-fetch-ipa", (scene, ours, theirs) ->
                ours.faultClass() == EventRecord.CLASS_TT && ours.stage2() && theirs.stage2()
                        && ours.other() - theirs.other() > 0 && ours.other() - theirs.other() < 1 << 16
                        ? theirs.withOther(ours.other())
                        : theirs));
        // 7.3.13: a stage 2 fault of a stage 1 table has S2 = 1. The peer has 0 below the root.
        all.add(record("evt-tt-s2", (scene, ours, theirs) ->
                ours.faultClass() == EventRecord.CLASS_TT && theirs.faultClass() == EventRecord.CLASS_TT
                        && ours.stage2() && !theirs.stage2()
                        ? theirs.withFlags(STAGE2, ours.flags()).withOther(ours.other())
                        : theirs));
    }

    private static void streams(List<Deviation<SmmuScene, SmmuStep>> all) {
        // 6.3.12: CR2.RECINVSID gates the record of a bad StreamID. The peer always records.
        all.add(outcome("recinvsid", (scene, transfer, ours, theirs) ->
                ours.none() && theirs.is(EventRecord.C_BAD_STREAMID) && (scene.cr2 & 2) == 0));
        // 3.4: an input address of a bypassed stream that is too large is recorded. The peer passes it through.
        all.add(outcome("bypass-oas", (scene, transfer, ours, theirs) ->
                scene.config() == SmmuScene.BYPASS && ours.is(EventRecord.F_ADDR_SIZE) && theirs.none()
                        && transfer.iova() >>> ADDRESS_BITS != 0));
        // 3.4: the same for a stream with stage 2 only. The peer asks the CD, which there is none, whether to record.
        all.add(outcome("s2-input-oas", (scene, transfer, ours, theirs) ->
                scene.config() == SmmuScene.STAGE2 && ours.is(EventRecord.F_ADDR_SIZE) && theirs.none()
                        && transfer.iova() >>> ADDRESS_BITS != 0));
        // 5.1: a span of n is 2^(n-1) STEs, at most 2^SPLIT. The peer takes 2^n, and more.
        all.add(outcome("l2-span", (scene, transfer, ours, theirs) -> {
            if (scene.level1 == 0 || !ours.is(EventRecord.C_BAD_STREAMID) && (!ours.none() || (scene.cr2 & 2) != 0)) {
                return false;
            }
            int span = (int) scene.image.get(scene.level1) & 31;
            int split = scene.split == 8 || scene.split == 10 ? scene.split : 6;
            int streamId = transfer.edu() ? SmmuScenes.EDU : SmmuScenes.TEST_DEVICE;
            return span > split + 1 || span != 0 && streamId >= 1 << span - 1;
        }));
        // 5.2: a CD beyond the output address size makes the STE illegal. The peer fetches from there.
        all.add(outcome("s1contextptr-size", (scene, transfer, ours, theirs) ->
                ours.is(EventRecord.C_BAD_STE) && scene.translates1() && scene.ste(ADDRESS_BITS, 56 - ADDRESS_BITS) != 0
                        && (theirs.none() || theirs.ofClass(EventRecord.CLASS_CD))));
        // 5.2: S1CDMax is ignored without substreams. The peer reports a bad STE.
        all.add(outcome("s1cdmax", (scene, transfer, ours, theirs) ->
                theirs.is(EventRecord.C_BAD_STE) && scene.ste(59, 5) != 0 && !ours.is(EventRecord.C_BAD_STE)));
        // 5.2: S1STALLD is ignored where stage 1 is off. The peer reports a bad STE.
        all.add(outcome("s1-fields-s2only", (scene, transfer, ours, theirs) ->
                theirs.is(EventRecord.C_BAD_STE) && scene.ste(91, 1) == 1 && !scene.translates1()));
        // 5.2: S2HA and S2HD are illegal without hardware updates. The peer ignores them.
        all.add(outcome("s2-ha-hd", (scene, transfer, ours, theirs) ->
                ours.is(EventRecord.C_BAD_STE) && scene.translates2() && scene.ste(183, 2) != 0));
        // 5.2: S2T0SZ may describe up to IAS bits. The peer takes no more than S2PS has.
        all.add(outcome("s2t0sz-eff-ps", (scene, transfer, ours, theirs) ->
                theirs.is(EventRecord.C_BAD_STE) && scene.translates2() && !ours.is(EventRecord.C_BAD_STE)
                        && 64 - scene.ste(160, 6) > addressBits((int) scene.ste(176, 3))));
    }

    private static int addressBits(int encoded) {
        return Math.min(ADDRESS_BITS, new int[] {32, 36, 40, 42, 44, 48, 52, 52}[encoded]);
    }

    private static void faults(List<Deviation<SmmuScene, SmmuStep>> all) {
        // 3.24.3, DDI 0487 D8.15: an address size fault goes before access flag and permission faults of a descriptor.
        all.add(outcome("fault-priority", (scene, transfer, ours, theirs) ->
                ours.is(EventRecord.F_ADDR_SIZE) && theirs.isAny(EventRecord.F_ACCESS, EventRecord.F_PERMISSION)
                        && (ours.stage2() == theirs.stage2() || ours.ofClass(EventRecord.CLASS_TT))));
        // 3.4.3: a table address that is too large is an address size fault. The peer reads from it.
        all.add(outcome("table-addrsize", (scene, transfer, ours, theirs) ->
                (ours.is(EventRecord.F_ADDR_SIZE) || ours.none() && (scene.cd(45, 1) == 0 || scene.ste(186, 1) == 0))
                        && (theirs.isAny(EventRecord.F_WALK_EABT, EventRecord.F_TRANSLATION)
                                || theirs.is(EventRecord.F_ADDR_SIZE)
                                        && theirs.ofClass(EventRecord.CLASS_TT))
                        && scene.path.stream().anyMatch(entry -> isTable(scene, entry)
                                && (word(scene, entry) & ADDRESS) >>> outputBits(scene, entry) != 0)));
        // Tables are read from RAM here. The peer reads them from device registers too, and from flash and PCI windows,
        // which answer where nothing is.
        all.add(outcome("not-ram", (scene, transfer, ours, theirs) ->
                ours.isAny(EventRecord.F_STE_FETCH, EventRecord.F_CD_FETCH, EventRecord.F_WALK_EABT)
                        && isWindow(ours.record().other())));
        all.add(new Deviation<>("not-ram", (scene, step, ours, theirs) ->
                ours.result() == TRANSFER_FAILED && theirs.result() == READ_BACK_DIFFERS && ours.events().isEmpty()
                        && theirs.events().isEmpty() && mayReachWindow(scene, scene.transfers.get(step))
                        ? theirs.withResult(ours.result())
                        : theirs));
        // DDI 0487 D8.3: no block at level 0, nor at level 1 but with 4 KiB. The peer takes it for one.
        all.add(outcome("block-level", (scene, transfer, ours, theirs) ->
                ours.is(EventRecord.F_TRANSLATION) && scene.path.stream().anyMatch(entry ->
                        (word(scene, entry) & 3) == 1 && entry.level() < 3 && isForbiddenBlock(scene, entry))));
        // D8.15: APTable takes part in the permissions of the leaf. The peer faults where it meets it.
        all.add(outcome("aptable-priority", (scene, transfer, ours, theirs) ->
                (theirs.is(EventRecord.F_PERMISSION) || theirs.none() && scene.cd(45, 1) == 0)
                        && !ours.is(EventRecord.F_PERMISSION)
                        && scene.path.stream().anyMatch(entry -> !entry.second() && isTable(scene, entry)
                                && (word(scene, entry) >>> 62 & 1) == 1)));
        // 5.4: each half has its TBI. The peer uses TBI0 for both, so one of the two finds the top byte in its way.
        all.add(outcome("tbi1", (scene, transfer, ours, theirs) ->
                scene.translates1() && scene.cd(38, 1) != scene.cd(39, 1) && (transfer.iova() >>> 55 & 1) == 1
                        && transfer.iova() >> 55 != -1
                        && isTranslationOfStage1(scene, scene.cd(39, 1) == 1 ? theirs : ours)));
        // 3.3.2: a function without PASID is unprivileged. The peer has all transactions privileged.
        all.add(outcome("priv", (scene, transfer, ours, theirs) ->
                (ours.none() && scene.cd(45, 1) == 0 || ours.is(EventRecord.F_PERMISSION) && !ours.record().stage2())
                        && scene.translates1() && scene.path.stream().anyMatch(entry -> !entry.second()
                                && (isTable(scene, entry)
                                        ? (word(scene, entry) >>> 61 & 1) == 1
                                        : (word(scene, entry) >>> 6 & 1) == 0))));
        // DDI 0487 D8.2: start tables of stage 2 may be concatenated. The peer looks everything up in the first.
        all.add(outcome("s2-concat-index", (scene, transfer, ours, theirs) -> {
            if (!scene.translates2() || !isConcatenated(scene)) {
                return false;
            }
            LongStream beyond =
                    intermediateAddresses(scene, transfer).filter(ipa -> ipa >>> firstTableBits(scene) != 0);
            return theirs.is(EventRecord.F_TRANSLATION) || isFetchFromFirstTable(scene, theirs)
                            || theirs.silent() && mayBeUnrecorded(scene)
                    ? beyond.findAny().isPresent()
                    : beyond.anyMatch(ipa -> isValidInFirstTable(scene, ipa));
        }));
    }

    /** {@return whether a fault is a translation fault of stage 1, as far as it shows} */
    private static boolean isTranslationOfStage1(SmmuScene scene, Fault fault) {
        return fault.is(EventRecord.F_TRANSLATION) && (fault.unseen() || !fault.stage2())
                || fault.silent() && scene.cd(45, 1) == 0;
    }

    private static boolean mayBeUnrecorded(SmmuScene scene) {
        return scene.ste(186, 1) == 0 || scene.translates1() && scene.cd(45, 1) == 0 || (scene.cr0 & 5) == 1;
    }

    /** {@return what stage 2 is asked for: the input, or the CD, the tables and the output of stage 1} */
    private static LongStream intermediateAddresses(SmmuScene scene, Transfer transfer) {
        if (!scene.translates1()) {
            return LongStream.of(transfer.iova());
        }
        LongStream roots = LongStream.of(
                scene.steWord(0) & CD_POINTER, scene.cdWord(1) & ADDRESS, scene.cdWord(2) & ADDRESS);
        LongStream outputs = scene.path.stream().filter(entry -> !entry.second()).mapToLong(entry -> {
            long address = word(scene, entry) & ADDRESS;
            long within = transfer.iova() & (1L << scene.first.shift(entry.level())) - 1;
            return isTable(scene, entry) ? address : address | within;
        });
        return LongStream.concat(roots, outputs);
    }

    /** {@return bits of intermediate address that one start table of stage 2 translates} */
    private static int firstTableBits(SmmuScene scene) {
        int granule = stage2Granule(scene);
        return granule + (4 - stage2Start(scene)) * (granule - 3);
    }

    private static boolean isFetchFromFirstTable(SmmuScene scene, Fault fault) {
        return fault.is(EventRecord.F_WALK_EABT)
                && (fault.record().other() ^ scene.steWord(3) & ADDRESS) >>> stage2Granule(scene) == 0;
    }

    private static boolean isValidInFirstTable(SmmuScene scene, long ipa) {
        int granule = stage2Granule(scene);
        long index = (ipa & (1L << firstTableBits(scene)) - 1) >>> firstTableBits(scene) - (granule - 3);
        return (scene.image.get((scene.steWord(3) & ADDRESS) + 8 * index) & 1) == 1;
    }

    private static int outputBits(SmmuScene scene, Entry entry) {
        return entry.second() ? addressBits((int) scene.ste(176, 3)) : addressBits((int) scene.cd(32, 3));
    }

    private static boolean isWindow(long address) {
        return address >= 0 && address < 0x4000_0000L || address >>> 39 == 1;
    }

    /** {@return whether the address, or the output of a leaf, is in a window} */
    private static boolean mayReachWindow(SmmuScene scene, Transfer transfer) {
        boolean off = (scene.cr0 & 1) == 0 || scene.config() == SmmuScene.BYPASS;
        return off ? isWindow(transfer.iova()) : scene.path.stream()
                .anyMatch(entry -> !isTable(scene, entry) && isWindow(word(scene, entry) & ADDRESS));
    }

    private static long word(SmmuScene scene, Entry entry) {
        return scene.image.get(entry.address());
    }

    private static boolean isTable(SmmuScene scene, Entry entry) {
        return entry.level() < 3 && (word(scene, entry) & 3) == 3;
    }

    private static boolean isForbiddenBlock(SmmuScene scene, Entry entry) {
        PageTables tables = entry.second() ? scene.second : scene.first;
        // A flaw in T0SZ or T1SZ may have moved the levels.
        int level = entry.level();
        if (!entry.second()) {
            boolean upper = scene.first.bits == 64 - scene.cd(0, 6) || scene.cd(14, 1) == 1;
            long size = upper ? scene.cd(16, 6) : scene.cd(0, 6);
            int start = PageTables.startLevel(tables.granule, 64 - (int) size);
            level = Math.min(level, level + start - tables.start);
        }
        return level <= 0 || level == 1 && tables.granule != 12;
    }

    private static int stage2Granule(SmmuScene scene) {
        return switch ((int) scene.ste(174, 2)) {
            case 0 -> 12;
            case 1 -> 16;
            default -> 14;
        };
    }

    private static boolean isConcatenated(SmmuScene scene) {
        return 64 - scene.ste(160, 6) > firstTableBits(scene);
    }

    private static int stage2Start(SmmuScene scene) {
        return (stage2Granule(scene) == 12 ? 2 : 3) - (int) scene.ste(166, 2);
    }

    /** {@return whether a stage 2 leaf is of Device memory: MemAttr[3:2] or, reserved, MemAttr[1:0] is 0} */
    private static boolean isDevice(long leaf) {
        return (leaf >>> 4 & 3) == 0 || (leaf >>> 2 & 3) == 0;
    }

    private static void nested(List<Deviation<SmmuScene, SmmuStep>> all) {
        // 3.4: only the table that a transaction uses is read. The peer translates both TTBs with the CD, the one that
        // the transaction does not use, and the one that it uses before it finds the input out of range.
        all.add(outcome("nested-ttb-early", (scene, transfer, ours, theirs) -> {
            if (scene.config() != SmmuScene.NESTED) {
                return false;
            }
            boolean upper = (transfer.iova() >>> 55 & 1) == 1;
            boolean early = theirs.stage2() && theirs.ofClass(EventRecord.CLASS_TT);
            if (early && !theirs.is(EventRecord.F_WALK_EABT)) {
                return isStart(scene, !upper, theirs)
                        || isStart(scene, upper, theirs) && isTranslationOfStage1(scene, ours);
            }
            // No record, or one that does not say for which address it is.
            boolean other = scene.cd(upper ? 14 : 30, 1) == 0;
            return (early || theirs.silent() && scene.ste(186, 1) == 0)
                    && (other || isTranslationOfStage1(scene, ours));
        }));
        // 5.2: S2PTW makes a table or CD in Device memory a stage 2 permission fault. The peer ignores it.
        all.add(outcome("s2ptw", (scene, transfer, ours, theirs) ->
                scene.config() == SmmuScene.NESTED && scene.ste(182, 1) == 1
                        && (ours.none() && scene.ste(186, 1) == 0
                                || ours.is(EventRecord.F_PERMISSION) && ours.stage2()
                                        && ours.record().faultClass() != EventRecord.CLASS_IN)
                        && scene.path.stream().anyMatch(entry -> entry.second() && !isTable(scene, entry)
                                && isDevice(word(scene, entry)))));
        // 5.2: STE.S2R gates stage 2 records. The peer asks CD.R for those of tables below the root.
        all.add(outcome("evt-tt-s2", (scene, transfer, ours, theirs) ->
                scene.config() == SmmuScene.NESTED && ours.none() != theirs.none()
                        && scene.ste(186, 1) != scene.cd(45, 1)
                        && (ours.none() ? theirs : ours).ofClass(EventRecord.CLASS_TT)));
        // 3.4: each descriptor's own address goes through stage 2. The peer translates the table's and adds the rest.
        // Either of the two may find nothing at its place, and either translation may fault.
        all.add(outcome("nested-table-split", (scene, transfer, ours, theirs) ->
                scene.config() == SmmuScene.NESTED && (scene.hasSplitTables()
                                || scene.readsOtherDescriptors(transfer)
                                        && scene.first.granule + scene.stage1Granule() > 24)
                        && (isOfStage1Table(scene, ours) || isOfStage1Table(scene, theirs)
                                || isTranslationOfStage1(scene, ours) || isTranslationOfStage1(scene, theirs))));
    }

    /** {@return whether a fault is about the table that a half of the input starts with, which the CD enables} */
    private static boolean isStart(SmmuScene scene, boolean upper, Fault fault) {
        return scene.cd(upper ? 30 : 14, 1) == 0
                && (fault.record().other() ^ scene.cdWord(upper ? 2 : 1)) >>> 12 << 16 == 0;
    }

    /** {@return whether a fault is of the fetch of a stage 1 table, as far as it shows} */
    private static boolean isOfStage1Table(SmmuScene scene, Fault fault) {
        return fault.unseen() || fault.record().ofTranslation() && fault.ofClass(EventRecord.CLASS_TT)
                || fault.silent() && mayBeUnrecorded(scene);
    }
}
