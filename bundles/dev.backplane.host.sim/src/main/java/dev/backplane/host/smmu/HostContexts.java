package dev.backplane.host.smmu;

import dev.backplane.host.memory.HostMemory;
import dev.backplane.host.memory.HostPort;
import dev.backplane.hostiommu.HostException;
import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.ContextTable.L1Cd;

/**
 * The host's own CDs of one device: CD 0 for transactions without PASID and one per attached PASID, in two levels with
 * leaves of one page. A CD is replaced in a copy of its leaf, which one store makes count. Not thread-safe.
 */
public final class HostContexts {
    private static final int LEAF_BITS = 6;
    private static final int CDS = 1 << LEAF_BITS;
    private static final long NORMAL_AND_DEVICE = 0x04FF;

    private final HostSmmu smmu;
    private final HostMemory memory;
    private final HostPort port;
    private final int streamId;
    private final int log2Count;
    private final int pages;
    private final long table;
    /** The PASID that was set last. */
    private int changed;
    /** The leaf that counted before; 0 for none. */
    private long retired;

    /**
     * Makes a table without valid CDs.
     *
     * @param pasidBits bits of a PASID; 0 for a single CD, to which the STE leads directly
     * @throws HostException ENOMEM
     */
    public HostContexts(HostSmmu smmu, int streamId, int pasidBits) throws HostException {
        this.smmu = smmu;
        this.streamId = streamId;
        memory = smmu.memory();
        port = smmu.port();
        log2Count = pasidBits;
        pages = Math.max(1, (L1Cd.BYTES << Math.max(0, pasidBits - LEAF_BITS)) >>> HostMemory.PAGE_SHIFT);
        table = memory.allocate(pages);
    }

    /** {@return an STE that uses these CDs; one that terminates what has no PASID while CD 0 is not valid} */
    public long[] entry(boolean ats) {
        boolean linear = log2Count == 0;
        return StreamEntries.stage1(
                linear ? leaf(0) : table, log2Count, linear || isValid(0) ? 2 : 0, ats);
    }

    /**
     * Makes a PASID use tables of stage 1; {@link #keep} or {@link #revert} follows.
     *
     * @param pasid 0 for transactions without one
     * @throws HostException ENOMEM; nothing has changed then
     */
    public void set(int pasid, StageTables tables, int asid) throws HostException {
        long copy = memory.allocate(1);
        long old = leaf(pasid);
        for (int word = 0; old != 0 && word < CDS * Cd.BYTES / 8; word++) {
            port.store(copy + 8L * word, port.load(old + 8L * word));
        }
        long[] cd = descriptor(tables, asid);
        for (int word = 0; word < cd.length; word++) {
            port.store(copy + (long) Cd.BYTES * (pasid & CDS - 1) + 8L * word, cd[word]);
        }
        changed = pasid;
        retired = old;
        lead(copy | 1);
    }

    private void lead(long descriptor) {
        port.store(table + (long) L1Cd.BYTES * (changed >>> LEAF_BITS), descriptor);
        forget(changed);
    }

    private void forget(int pasid) {
        smmu.submit(new long[] {
            HostCommand.SUBSTREAM_ID.with(HostCommand.ofStream(HostCommand.CFGI_CD, streamId), pasid), 0
        }, 1);
    }

    /** Makes a CD invalid, by the one word that has V; needs no memory. */
    public void clear(int pasid) {
        port.store(leaf(pasid) + (long) Cd.BYTES * (pasid & CDS - 1), 0);
        forget(pasid);
    }

    /** What was set counts, by way of the STE too: what counted before is freed. */
    public void keep() {
        if (retired != 0) {
            memory.free(retired, 1);
            retired = 0;
        }
    }

    /** What was set is not to count: what counted before counts again. */
    public void revert() {
        long copy = leaf(changed);
        lead(retired == 0 ? 0 : retired | 1);
        retired = 0;
        memory.free(copy, 1);
    }

    private long[] descriptor(StageTables tables, int asid) {
        long[] cd = new long[8];
        Cd.T0SZ.set(cd, 64L - tables.inputBits());
        Cd.IR0.set(cd, 1);
        Cd.OR0.set(cd, 1);
        Cd.SH0.set(cd, 3);
        Cd.EPD1.set(cd, 1);
        Cd.V.set(cd, 1);
        Cd.IPS.set(cd, StreamEntries.outputSize(smmu));
        Cd.AA64.set(cd, 1);
        Cd.R.set(cd, 1);
        Cd.A.set(cd, 1);
        Cd.ASET.set(cd, 1);
        Cd.ASID.set(cd, asid);
        cd[1] |= tables.root();
        cd[3] = NORMAL_AND_DEVICE;
        return cd;
    }

    private long leaf(int pasid) {
        return L1Cd.L2PTR.bits().inPlace(port.load(table + (long) L1Cd.BYTES * (pasid >>> LEAF_BITS)));
    }

    private boolean isValid(int pasid) {
        long leaf = leaf(pasid);
        return leaf != 0 && Cd.V.bits().isSet(port.load(leaf + (long) Cd.BYTES * (pasid & CDS - 1)));
    }

    /** Frees the table. No STE may lead to it any more. */
    public void free() {
        keep();
        for (int i = 0; i < 1 << Math.max(0, log2Count - LEAF_BITS); i++) {
            long leaf = leaf(i << LEAF_BITS);
            if (leaf != 0) {
                memory.free(leaf, 1);
            }
        }
        memory.free(table, pages);
    }
}
