package dev.backplane.smmuv3.emulated;

import dev.backplane.device.DeviceContext;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.control.SmmuBackend;
import dev.backplane.smmuv3.control.SmmuControl;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.SmmuInterrupts;
import dev.backplane.smmuv3.control.TranslatorBackend;
import dev.backplane.smmuv3.translate.EventSink;
import dev.backplane.smmuv3.translate.SmmuEvent;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import dev.backplane.smmuv3.translate.StreamTableReader;

/** A realized SMMU: translation and programming interface, each calling the other. */
final class SmmuCore {
    private final Epochs epochs;
    private final SmmuTranslator translator;
    private final SmmuControl control;
    private final AssignedDevices assigned;
    private final SmmuInspection inspection;

    SmmuCore(SmmuIdentity identity, DeviceContext device) {
        epochs = device.epochs();
        translator = new SmmuTranslator(identity.capabilities(), device.memory(), new Events());
        assigned = new AssignedDevices(
                new StreamTableReader(identity.capabilities(), device.memory()), device.log());
        SmmuBackend backend = new EmulatedBackend(new TranslatorBackend(identity, translator), assigned);
        var interrupts = new SmmuInterrupts(
                device.line("eventq"), device.line("priq"), device.line("cmdq-sync"), device.line("gerror"));
        control = new SmmuControl(identity, device.memory(), epochs, interrupts, backend, device.log());
        inspection = new SmmuInspection(epochs, translator, control, assigned);
    }

    /** The way of events to the interface, which is made after the translator. */
    private final class Events implements EventSink {
        @Override
        public void record(TransactionContext context, SmmuEvent event) {
            control.record(context, event);
        }

        @Override
        public void record(TransactionContext context, SmmuEvent event, boolean mergeable) {
            control.record(context, event, mergeable);
        }
    }

    /** {@return the calling thread's context} */
    TransactionContext context() {
        return epochs.context();
    }

    AssignedDevices assigned() {
        return assigned;
    }

    SmmuTranslator translator() {
        return translator;
    }

    SmmuControl control() {
        return control;
    }

    SmmuInspection inspection() {
        return inspection;
    }
}
