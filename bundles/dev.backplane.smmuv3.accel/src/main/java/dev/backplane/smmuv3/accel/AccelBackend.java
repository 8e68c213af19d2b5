package dev.backplane.smmuv3.accel;

import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.control.Command;
import dev.backplane.smmuv3.control.CommandCode;
import dev.backplane.smmuv3.control.CommandReduction;
import dev.backplane.smmuv3.control.SmmuBackend;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.TranslatorBackend;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.translate.SmmuConfiguration;

/**
 * What registers and commands act on: the streams of assigned devices, on the host, and the translation in software of
 * everything else behind this SMMU.
 */
final class AccelBackend implements SmmuBackend {
    private final Assignments assignments;
    private final InvalidationBatch batch;
    private final TranslatorBackend software;
    private final CommandReduction reduction;
    private final int substreamBits;

    AccelBackend(
            SmmuIdentity shown, Assignments assignments, InvalidationBatch batch, TranslatorBackend software) {
        this.assignments = assignments;
        this.batch = batch;
        this.software = software;
        reduction = new CommandReduction(shown);
        substreamBits = Idr1.SSIDSIZE.getInt(shown.idr1());
    }

    @Override
    public void configure(TransactionContext context, SmmuConfiguration configuration) {
        software.configure(context, configuration);
        assignments.configure(context, configuration);
    }

    @Override
    public boolean collects(CommandCode code) {
        return switch (code) {
            case CFGI_CD, CFGI_CD_ALL, TLBI_NH_ALL, TLBI_NH_ASID, TLBI_NH_VA, TLBI_NH_VAA, TLBI_NSNH_ALL, ATC_INV ->
                true;
            default -> false;
        };
    }

    @Override
    public boolean execute(TransactionContext context, CommandCode code, Command command) {
        // There is no ATC behind the translation in software, which knows no CMD_ATC_INV.
        if (code != CommandCode.ATC_INV && !software.execute(context, code, command)) {
            return false;
        }
        switch (code) {
            case CFGI_STE -> assignments.streamTableEntry(context, command.streamId());
            case CFGI_STE_RANGE -> assignments.streamTableEntries(context, command.streamId(), command.range());
            default -> {
                if (collects(code)) {
                    collect(code, command);
                }
            }
        }
        return true;
    }

    private void collect(CommandCode code, Command command) {
        boolean concerns = switch (code) {
            case CFGI_CD -> assignments.translates(command.streamId()) && isSubstream(command);
            case CFGI_CD_ALL -> assignments.translates(command.streamId());
            case ATC_INV -> assignments.usesAts(command.streamId()) && isSubstream(command);
            default -> assignments.isServed();
        };
        if (concerns) {
            batch.add(reduction.reduce(code, command));
        } else {
            batch.pass();
        }
    }

    /** A SubstreamID beyond what is shown names nothing; without SubstreamIDs the field is RES0. */
    private boolean isSubstream(Command command) {
        return substreamBits == 0 || command.substreamId() >>> substreamBits == 0;
    }

    @Override
    public int finish(TransactionContext context) {
        return batch.finish();
    }

    @Override
    public void forget() {
        batch.clear();
        software.forget();
    }
}
