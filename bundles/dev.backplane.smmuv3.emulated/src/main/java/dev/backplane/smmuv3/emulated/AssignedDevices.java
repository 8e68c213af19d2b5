package dev.backplane.smmuv3.emulated;

import dev.backplane.device.DeviceLog;
import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.PciRequester;
import dev.backplane.register.BitField;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import dev.backplane.smmuv3.translate.StreamConfig;
import dev.backplane.smmuv3.translate.StreamTableReader;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.LongAdder;

/**
 * Host devices behind an SMMU in software. Their DMA does not pass through software, so it can only pass or be blocked:
 * it passes while the stream bypasses. A stream that translates is blocked, and everyone is told. Thread-safe.
 */
final class AssignedDevices {
    private static final BitField GBPA_ABORT = BitField.bit("ABORT", 20);

    private final StreamTableReader table;
    private final DeviceLog log;
    private final LongAdder refused = new LongAdder();
    // All below is guarded by this.
    private final Map<String, Assigned> devices = new LinkedHashMap<>();
    private SmmuConfiguration registers = SmmuConfiguration.RESET;
    /** Before this model runs, and after, what another one of this slot decided stays. */
    private boolean active;

    /** A host device. */
    private static final class Assigned {
        private HostIommuDevice device;
        private PciRequester function;
        /** Null before anything was decided. */
        private Boolean passes;
        private boolean translates;
        private String reason = "nothing was decided yet";

        private int streamId() {
            return function.alias().requesterId();
        }
    }

    AssignedDevices(StreamTableReader table, DeviceLog log) {
        this.table = table;
        this.log = log;
    }

    /** Connects a device, or one that is connected under another address. {@return why not, or empty} */
    synchronized Optional<String> connect(
            TransactionContext context, PciRequester function, HostIommuDevice device) {
        Assigned known = devices.get(device.hostName());
        var assigned = known == null ? new Assigned() : known;
        assigned.device = device;
        assigned.function = function;
        if (active) {
            Optional<String> refusal = settle(context, assigned);
            if (refusal.isPresent() && known == null) {
                return refusal;
            }
        }
        devices.put(device.hostName(), assigned);
        return Optional.empty();
    }

    synchronized void disconnect(PciRequester function) {
        devices.values().removeIf(assigned -> assigned.function.address().equals(function.address()));
    }

    synchronized void configure(TransactionContext context, SmmuConfiguration newest) {
        registers = newest;
        settleAll(context);
    }

    /** STEs may have changed. */
    synchronized void streamTableChanged(TransactionContext context) {
        if (registers.enabled()) {
            settleAll(context);
        }
    }

    /** Says whether this model decides. */
    synchronized void activate(TransactionContext context, boolean decides) {
        active = decides;
        settleAll(context);
    }

    private void settleAll(TransactionContext context) {
        if (active) {
            // A loop, as a lambda would have its class made anew with each version of the bundle.
            for (Assigned assigned : devices.values()) {
                settle(context, assigned);
            }
        }
    }

    private Optional<String> settle(TransactionContext context, Assigned assigned) {
        boolean passes = decide(context, assigned);
        if (assigned.passes != null && assigned.passes == passes) {
            return Optional.empty();
        }
        Optional<String> failure = passes ? assigned.device.pass() : assigned.device.block();
        if (failure.isEmpty()) {
            assigned.passes = passes;
        } else {
            assigned.reason = failure.get();
            log.hostError("StreamID 0x%x (host device %s) cannot be %s: %s".formatted(
                    assigned.streamId(), assigned.device.hostName(), passes ? "let pass" : "blocked", failure.get()));
        }
        return failure;
    }

    private boolean decide(TransactionContext context, Assigned assigned) {
        boolean translated = assigned.translates;
        assigned.translates = false;
        if (!registers.enabled()) {
            assigned.reason = "SMMUEN is 0";
            return !GBPA_ABORT.isSet(registers.gbpa());
        }
        return switch (table.read(context, registers, assigned.streamId()).config()) {
            case StreamConfig.Bypass _ -> {
                assigned.reason = "STE.Config";
                yield true;
            }
            case StreamConfig.Abort _ -> {
                assigned.reason = "STE.Config";
                yield false;
            }
            case StreamConfig.Illegal(String why) -> {
                assigned.reason = why;
                yield false;
            }
            case StreamConfig.Translate _ -> {
                assigned.translates = true;
                assigned.reason = "its STE translates, and no software walk can shadow-map a physical device";
                if (!translated) {
                    refused.increment();
                    log.guestError(("StreamID 0x%x (host device %s) is blocked: its STE translates, and no software "
                            + "walk can shadow-map a physical device; an SMMU with accel=on can").formatted(
                            assigned.streamId(), assigned.device.hostName()));
                }
                yield false;
            }
        };
    }

    /** {@return the StreamIDs of assigned devices whose STE translates} */
    synchronized List<Integer> translating() {
        return devices.values().stream().filter(assigned -> assigned.translates).map(Assigned::streamId).toList();
    }

    synchronized InspectNode inspect() {
        List<InspectNode> nodes = devices.values().stream()
                .map(assigned -> new InspectNode(
                        "0x%x".formatted(assigned.streamId()),
                        assigned.passes == null ? "as it was" : assigned.passes ? "passes" : "blocked",
                        assigned.reason,
                        List.of(InspectNode.text("host device", assigned.device.hostName()))))
                .toList();
        return InspectNode.group("assigned devices", nodes)
                .with(InspectNode.number("translating STEs refused", refused.sum()));
    }
}
