package dev.backplane.smmuv3.translate;

import dev.backplane.smmuv3.spec.ContextTable.Cd;
import dev.backplane.smmuv3.spec.ContextTable.L1Cd;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.StreamConfig.ContextTablePointer;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;

/** Finds context descriptors, through stage 2 where that translates (IHI 0070 section 3.3.2). Stateless. */
final class ContextTableWalker {
    private final SmmuCapabilities capabilities;
    private final CdDecoder decoder;
    private final Stage2Walker stage2Walker;

    ContextTableWalker(SmmuCapabilities capabilities, Stage2Walker stage2Walker) {
        this.capabilities = capabilities;
        this.decoder = new CdDecoder(capabilities);
        this.stage2Walker = stage2Walker;
    }

    /**
     * {@return the decoded CD, or null when the fault is described}
     *
     * @param index SubstreamID, 0 for the CD of transactions without one
     * @param stage2 translates the addresses, or null
     */
    ContextConfig.Stage1 find(Walk walk, ContextTablePointer pointer, int index, Stage2Config stage2) {
        long address = pointer.address();
        int leafIndex = index;
        if (pointer.leafBits() != 0) {
            address = leafTable(walk, pointer, index, stage2);
            if (address < 0) {
                return null;
            }
            leafIndex = index & (1 << pointer.leafBits()) - 1;
        }
        address += (long) leafIndex * Cd.BYTES;
        if (stage2 != null) {
            if (!stage2Walker.translate(walk, stage2, address, FaultClass.CD)) {
                return null;
            }
            address = walk.stage2Output;
        }
        long[] cd = walk.loadStructure(address);
        if (cd == null) {
            walk.fetchFault(EventType.F_CD_FETCH, address, "reading the CD aborted");
            return null;
        }
        if (walk.observer != null) {
            walk.observer.contextDescriptor(leafIndex, address, cd);
        }
        return switch (decoder.decode(cd)) {
            case ContextConfig.Illegal(String reason) -> {
                walk.configurationFault(EventType.C_BAD_CD, true, reason);
                yield null;
            }
            case ContextConfig.Stage1 stage1 -> stage1;
        };
    }

    private long leafTable(Walk walk, ContextTablePointer pointer, int index, Stage2Config stage2) {
        int l1Index = index >>> pointer.leafBits();
        long address = pointer.address() + (long) l1Index * L1Cd.BYTES;
        if (stage2 != null) {
            if (!stage2Walker.translate(walk, stage2, address, FaultClass.CD)) {
                return -1;
            }
            address = walk.stage2Output;
        }
        if (!walk.load(address)) {
            walk.fetchFault(EventType.F_CD_FETCH, address, "reading the level 1 CD table descriptor aborted");
            return -1;
        }
        long descriptor = walk.loaded;
        if (walk.observer != null) {
            walk.observer.level1ContextDescriptor(l1Index, address, descriptor);
        }
        if (!L1Cd.V.bits().isSet(descriptor)) {
            return badSubstream(walk, index, "L1CD.V is 0");
        }
        long table = L1Cd.L2PTR.bits().inPlace(descriptor);
        if (table >>> capabilities.outputBits() != 0) {
            return badSubstream(walk, index, "L1CD.L2Ptr exceeds the address size");
        }
        return table;
    }

    private static long badSubstream(Walk walk, int index, String reason) {
        // Section 7.3.9: the record names the CD that was to be fetched, also for transactions without SubstreamID.
        walk.configurationFault(EventType.C_BAD_SUBSTREAMID, index, true, reason);
        return -1;
    }
}
