package dev.backplane.host.smmu;

import dev.backplane.device.DeviceLog;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.HostPort;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.smmuv3.control.Command;
import dev.backplane.smmuv3.control.CommandCode;
import dev.backplane.smmuv3.control.SmmuBackend;
import dev.backplane.smmuv3.control.SmmuControl;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.SmmuInterrupts;
import dev.backplane.smmuv3.control.TranslatorBackend;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.spec.StreamTable.L1Std;
import dev.backplane.smmuv3.spec.StreamTable.Ste;
import dev.backplane.smmuv3.translate.FaultClass;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.SmmuEvent;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import dev.backplane.smmuv3.translate.TranslationOutcome;
import dev.backplane.smmuv3.translate.TranslationStatistics;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** The hardware: an SMMUv3 between devices and the host's memory, with ATS. Thread-safe. */
public final class PhysicalSmmu {
    private static final int FULL_ATS = 1;

    private final SmmuTranslator translator;
    private final SmmuControl control;
    private final HostPort tables;
    private final Map<Integer, TranslationClient> clients = new ConcurrentHashMap<>();

    /**
     * Makes an SMMU at its reset state.
     *
     * @param identity what its ID registers show
     * @param tables its way to memory
     * @param epochs grace periods of the host
     * @param eventInterrupt called when the event queue becomes non-empty, inside transactions; must not block
     * @param log where mistakes of its driver are noted
     */
    public PhysicalSmmu(
            SmmuIdentity identity, HostPort tables, HostEpochs epochs, Runnable eventInterrupt, DeviceLog log) {
        this.tables = tables;
        translator = new SmmuTranslator(identity.capabilities(), tables, this::record);
        InterruptLine unwired = new Edge(() -> { });
        control = new SmmuControl(
                identity,
                tables,
                epochs,
                new SmmuInterrupts(new Edge(eventInterrupt), unwired, unwired, unwired),
                new Backend(new TranslatorBackend(identity, translator)),
                log);
    }

    private void record(TransactionContext context, SmmuEvent event) {
        control.record(context, event);
    }

    /** Puts a device in front of which this SMMU stands under a StreamID. */
    public void connect(int streamId, TranslationClient client) {
        clients.put(streamId, client);
    }

    /** {@return a register; 4 or 8 bytes} */
    long read(long offset, int size) {
        return control.read(offset, size);
    }

    /** Writes a register; 4 or 8 bytes. What the write causes is done when it returns. */
    void write(TransactionContext context, long offset, int size, long value) {
        control.write(context, offset, size, value);
    }

    /**
     * Translates an untranslated transaction, and records what is wrong with it.
     *
     * @param context context of the calling thread, inside an epoch
     */
    public Translation translate(
            TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
        return translator.translate(context, attributes, iova, access);
    }

    /**
     * Answers an ATS Translation Request (PCIe 10.2; IHI 0070 section 3.9.1). Faults of the translation itself are not
     * recorded, they are the answer.
     *
     * @param context context of the calling thread, inside an epoch
     * @return the translation, or null when the address does not translate or the stream may not ask
     */
    public Translation.Mapped translationRequest(
            TransactionContext context, TransactionAttributes attributes, long iova) {
        if (!allowsAts(context, attributes.requesterId())) {
            control.record(context, SmmuEvent.configuration(
                    EventType.F_BAD_ATS_TREQ, attributes.requesterId(), attributes.substreamId()));
            return null;
        }
        return translator.probe(context, attributes, iova, AccessKind.READ, null)
                        instanceof TranslationOutcome.Mapped found
                ? found.translation()
                : null;
    }

    /** {@return whether a translated transaction of a stream may pass; if not, that is recorded} */
    public boolean passesTranslated(
            TransactionContext context, TransactionAttributes attributes, long address, AccessKind access) {
        if (allowsAts(context, attributes.requesterId())) {
            return true;
        }
        control.record(context, new SmmuEvent(
                EventType.F_TRANSL_FORBIDDEN, attributes.requesterId(), attributes.substreamId(), false,
                FaultClass.CD, access.isRead(), false, false, address, 0, 0, false, 0, 0));
        return false;
    }

    /** STE.EATS, from the two-level stream table that the host uses; 0 while the SMMU is off. */
    private boolean allowsAts(TransactionContext context, int streamId) {
        SmmuConfiguration registers = translator.configuration();
        if (!registers.enabled()) {
            return false;
        }
        int split = registers.split();
        if (!tables.load64(context, registers.streamTableBase() + 8L * (streamId >>> split)).isDone()
                || L1Std.SPAN.bits().get(context.data()) == 0) {
            return false;
        }
        long entry = L1Std.L2PTR.bits().inPlace(context.data())
                + (long) Ste.BYTES * (streamId & (1 << split) - 1);
        return tables.load64(context, entry + 8).isDone() && Ste.EATS.bits().get(context.data()) == FULL_ATS;
    }

    /** {@return counters of its caches} */
    public TranslationStatistics statistics() {
        return translator.statistics();
    }

    /** {@return its programming interface, for inspection} */
    public SmmuControl control() {
        return control;
    }

    /** Adds to the commands of a translator those that reach devices. */
    private final class Backend implements SmmuBackend {
        private final SmmuBackend translation;

        Backend(SmmuBackend translation) {
            this.translation = translation;
        }

        @Override
        public void configure(TransactionContext context, SmmuConfiguration configuration) {
            translation.configure(context, configuration);
        }

        @Override
        public boolean execute(TransactionContext context, CommandCode code, Command command) {
            if (code != CommandCode.ATC_INV) {
                return translation.execute(context, code, command);
            }
            TranslationClient client = clients.get(HostCommand.STREAM_ID.getInt(command.low()));
            if (client != null) {
                client.invalidateTranslations(
                        HostCommand.SSV.isSet(command.low()) ? HostCommand.SUBSTREAM_ID.getInt(command.low()) : -1,
                        HostCommand.GLOBAL.isSet(command.low()),
                        HostCommand.ADDRESS.inPlace(command.high()),
                        HostCommand.ATC_SIZE.getInt(command.high()));
            }
            return true;
        }

        @Override
        public void forget() {
            translation.forget();
        }
    }

    /** An interrupt that is an edge. */
    private record Edge(Runnable interrupt) implements InterruptLine {
        @Override
        public void set(boolean asserted) {
            if (asserted) {
                interrupt.run();
            }
        }

        @Override
        public void pulse() {
            interrupt.run();
        }
    }
}
