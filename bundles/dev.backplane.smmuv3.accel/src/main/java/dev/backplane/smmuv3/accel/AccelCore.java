package dev.backplane.smmuv3.accel;

import dev.backplane.device.DeviceContext;
import dev.backplane.smmuv3.control.SmmuControl;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.SmmuInterrupts;
import dev.backplane.smmuv3.control.TranslatorBackend;
import dev.backplane.smmuv3.translate.SmmuTranslator;

/**
 * The programming interface with certain ID registers, and what it acts on.
 *
 * @param identity what the ID registers show
 * @param translator translation in software, for bridges
 * @param control registers and queues
 */
record AccelCore(SmmuIdentity identity, SmmuTranslator translator, SmmuControl control) {

    static AccelCore of(
            SmmuIdentity identity, DeviceContext device, Assignments assignments, InvalidationBatch batch) {
        // The translator is made before the control that takes its events.
        var recorder = new SmmuControl[1];
        var translator = new SmmuTranslator(
                identity.capabilities(), device.memory(), (context, event) -> recorder[0].record(context, event));
        var backend = new AccelBackend(
                identity, assignments, batch, new TranslatorBackend(identity, translator));
        var interrupts = new SmmuInterrupts(
                device.line("eventq"), device.line("priq"), device.line("cmdq-sync"), device.line("gerror"));
        recorder[0] = new SmmuControl(
                identity, device.memory(), device.epochs(), interrupts, backend, device.log());
        return new AccelCore(identity, translator, recorder[0]);
    }
}
