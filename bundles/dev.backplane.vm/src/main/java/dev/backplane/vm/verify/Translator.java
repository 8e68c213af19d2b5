package dev.backplane.vm.verify;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.board.Slot;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommu;
import dev.backplane.pci.PciRequester;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.load.GuestBus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Translates addresses of streams the way DMA does, through the operations of the SMMU that the capture names. Each time
 * the model that is in the slot then is asked, which cannot leave meanwhile: a hand-over waits for the answer.
 */
final class Translator {
    private static final int CLASS_BRIDGE = 0x0604;

    /**
     * What a translation came to.
     *
     * @param translation the answer
     * @param events records that the SMMU wrote because of it
     */
    record Answer(Translation translation, List<List<Long>> events) {}

    private final Board board;
    private final GuestBus bus;
    private final Map<String, EventQueue> queues = new HashMap<>();
    private final Map<Integer, PciRequester> requesters = new HashMap<>();
    private final Map<String, Slot> slots = new HashMap<>();

    Translator(Board board, GuestBus bus, List<Capture.SmmuImage> smmus) {
        this.board = board;
        this.bus = bus;
        for (Capture.SmmuImage smmu : smmus) {
            var queue = new EventQueue(bus, smmu);
            queue.take();
            queues.put(smmu.id(), queue);
            slots.put(smmu.id(), SmmuSlots.of(board, smmu));
        }
    }

    /**
     * Translates.
     *
     * @throws IllegalStateException if no device runs in the SMMU's slot
     */
    Answer translate(String smmu, int streamId, long iova, AccessKind access) {
        Slot slot = slots.get(smmu);
        Translation translation = slot.with(PciIommu.class, model -> translate(model, streamId, iova, access))
                .orElseThrow(() -> new IllegalStateException(
                        "slot %s has no running IOMMU that could translate: type board:why %s, then try again"
                                .formatted(slot.name(), slot.name())));
        return new Answer(translation, queues.get(smmu).take());
    }

    private Translation translate(PciIommu model, int streamId, long iova, AccessKind access) {
        return switch (model.iommuOps().addressSpace(requester(streamId))) {
            case DmaAddressSpace.SystemBus direct -> Translation.Mapped.IDENTITY;
            case DmaAddressSpace.Translating translating -> translating.translate(
                    bus.context(), TransactionAttributes.ofRequester(streamId), iova, access);
        };
    }

    private PciRequester requester(int streamId) {
        return requesters.computeIfAbsent(streamId, this::makeRequester);
    }

    private PciRequester makeRequester(int streamId) {
        Bdf address = Bdf.ofRequesterId(streamId);
        PciRequester.Kind kind = board.pci().functions().stream()
                .filter(function -> function.address().equals(address) && isBridge(function))
                .findFirst()
                .map(function -> PciRequester.Kind.BRIDGE)
                .orElse(PciRequester.Kind.EMULATED_ENDPOINT);
        return new PciRequester(address, address, "", kind);
    }

    private static boolean isBridge(PciFabric.Function function) {
        return function.classCode() >>> 8 == CLASS_BRIDGE;
    }

    static String describe(Answer answer, long iova) {
        String result = switch (answer.translation) {
            case Translation.Mapped mapped -> "0x%x %s%s".formatted(mapped.apply(iova), mapped.readable() ? "r" : "",
                    mapped.writable() ? "w" : "");
            case Translation.Terminated terminated -> terminated.toString();
            case Translation.Stalled stalled -> "stalled";
        };
        var text = new StringBuilder(result);
        for (List<Long> record : answer.events) {
            text.append(" event ").append(record(record));
        }
        return text.toString();
    }

    static String record(List<Long> words) {
        return "%016x %016x %016x %016x".formatted(words.toArray());
    }
}
