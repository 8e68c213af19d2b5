package dev.backplane.smmuv3.emulated;

import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.control.Command;
import dev.backplane.smmuv3.control.CommandCode;
import dev.backplane.smmuv3.control.SmmuBackend;
import dev.backplane.smmuv3.control.TranslatorBackend;
import dev.backplane.smmuv3.translate.SmmuConfiguration;

/** What registers and commands act on: the translator, and host devices that it cannot translate for. */
final class EmulatedBackend implements SmmuBackend {
    private final TranslatorBackend translator;
    private final AssignedDevices assigned;

    EmulatedBackend(TranslatorBackend translator, AssignedDevices assigned) {
        this.translator = translator;
        this.assigned = assigned;
    }

    @Override
    public void configure(TransactionContext context, SmmuConfiguration configuration) {
        translator.configure(context, configuration);
        assigned.configure(context, configuration);
    }

    @Override
    public boolean execute(TransactionContext context, CommandCode code, Command command) {
        if (!translator.execute(context, code, command)) {
            return false;
        }
        if (code == CommandCode.CFGI_STE || code == CommandCode.CFGI_STE_RANGE) {
            assigned.streamTableChanged(context);
        }
        return true;
    }

    @Override
    public void forget() {
        translator.forget();
    }
}
