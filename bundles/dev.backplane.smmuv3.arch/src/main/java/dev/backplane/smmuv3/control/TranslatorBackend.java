package dev.backplane.smmuv3.control;

import dev.backplane.memory.TransactionContext;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.translate.Granule;
import dev.backplane.smmuv3.translate.Invalidation;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import dev.backplane.smmuv3.translate.TlbRange;
import java.util.function.Consumer;

/** Lets the programming interface act on a translator in software. Thread-safe. */
public final class TranslatorBackend implements SmmuBackend {
    private final SmmuIdentity identity;
    private final Consumer<SmmuConfiguration> configurable;
    private final Invalidation invalidation;

    /**
     * Makes the backend of a translator.
     *
     * @param identity what the ID registers show
     * @param translator what to configure and to invalidate
     */
    public TranslatorBackend(SmmuIdentity identity, SmmuTranslator translator) {
        this(identity, translator::configure, translator.invalidation());
    }

    TranslatorBackend(
            SmmuIdentity identity, Consumer<SmmuConfiguration> configurable, Invalidation invalidation) {
        this.identity = identity;
        this.configurable = configurable;
        this.invalidation = invalidation;
    }

    @Override
    public void configure(TransactionContext context, SmmuConfiguration configuration) {
        configurable.accept(configuration);
    }

    @Override
    public void forget() {
        invalidation.allConfiguration();
        invalidation.tlb();
    }

    @Override
    public boolean execute(TransactionContext context, CommandCode code, Command command) {
        int stream = (int) Command.STREAM_ID.get(command.low());
        int vmid = Command.VMID.getInt(command.low()) & identity.vmidMask();
        int asid = Command.ASID.getInt(command.low()) & identity.asidMask();
        switch (code) {
            case CFGI_STE -> invalidation.streamTableEntry(stream);
            case CFGI_STE_RANGE ->
                invalidation.streamTableEntries(stream, Command.RANGE.getInt(command.high()));
            case CFGI_CD ->
                invalidation.contextDescriptor(stream, Command.SUBSTREAM_ID.getInt(command.low()));
            case CFGI_CD_ALL -> invalidation.contextDescriptors(stream);
            case TLBI_NH_ALL -> invalidation.tlbStage1OfVmid(vmid);
            case TLBI_NH_ASID -> invalidation.tlbOfAsid(vmid, asid);
            case TLBI_NH_VA -> invalidation.tlbOfVa(vmid, asid, range(Command.ADDRESS, command));
            case TLBI_NH_VAA -> invalidation.tlbOfVaAllAsids(vmid, range(Command.ADDRESS, command));
            case TLBI_S12_VMALL -> invalidation.tlbOfVmid(vmid);
            case TLBI_S2_IPA -> invalidation.tlbOfIpa(vmid, range(Command.IPA, command));
            case TLBI_NSNH_ALL -> invalidation.tlb();
            // Prefetches are hints, and a CMD_SYNC finds all invalidations done.
            case PREFETCH_CONFIG, PREFETCH_ADDR, SYNC -> { }
            // What the ID registers of a translator in software never advertise.
            case CFGI_VMS_PIDM, TLBI_EL3_ALL, TLBI_EL3_VA, TLBI_EL2_ALL, TLBI_EL2_ASID, TLBI_EL2_VA, TLBI_EL2_VAA,
                    ATC_INV, PRI_RESP, RESUME, STALL_TERM -> {
                return false;
            }
        }
        return true;
    }

    /**
     * Section 4.4.1.1: TG = 0 names one address, and so does everything without range invalidation. The level hint
     * TTL only narrows what must go, so it is not used.
     */
    private TlbRange range(BitField field, Command command) {
        long address = field.inPlace(command.high());
        boolean leaf = Command.LEAF.isSet(command.high());
        int granule = Command.TG.getInt(command.high());
        if (granule == 0 || !identity.rangeInvalidation()) {
            return TlbRange.single(address, leaf);
        }
        return TlbRange.of(
                address,
                Command.NUM.getInt(command.low()),
                Command.SCALE.getInt(command.low()),
                granule == 1 ? Granule.KIB4 : granule == 2 ? Granule.KIB16 : Granule.KIB64,
                leaf);
    }
}
