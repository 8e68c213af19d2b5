package dev.backplane.vm.verify;

import dev.backplane.board.Board;
import dev.backplane.board.PciFabric;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.Translation;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.load.GuestBus;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Translates addresses of streams the way DMA does: through the operations that govern the requester's bus. */
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
    private final Map<Integer, DmaAddressSpace> spaces = new HashMap<>();

    Translator(Board board, GuestBus bus, List<Capture.SmmuImage> smmus) {
        this.board = board;
        this.bus = bus;
        for (Capture.SmmuImage smmu : smmus) {
            var queue = new EventQueue(bus, smmu);
            queue.take();
            queues.put(smmu.id(), queue);
        }
    }

    Answer translate(String smmu, int streamId, long iova, AccessKind access) {
        DmaAddressSpace space = spaces.computeIfAbsent(streamId, this::space);
        Translation translation = switch (space) {
            case DmaAddressSpace.SystemBus direct -> Translation.Mapped.IDENTITY;
            case DmaAddressSpace.Translating translating -> translating.translate(
                    bus.context(), TransactionAttributes.ofRequester(streamId), iova, access);
        };
        return new Answer(translation, queues.get(smmu).take());
    }

    private DmaAddressSpace space(int streamId) {
        Bdf address = Bdf.ofRequesterId(streamId);
        PciIommuOps ops = board.pci().iommuOps(address.bus()).orElseThrow(() -> new IllegalStateException(
                "StreamID 0x%x: no IOMMU governs bus 0x%02x; type pci:list".formatted(streamId, address.bus())));
        PciRequester.Kind kind = board.pci().functions().stream()
                .filter(function -> function.address().equals(address) && isBridge(function))
                .findFirst()
                .map(function -> PciRequester.Kind.BRIDGE)
                .orElse(PciRequester.Kind.EMULATED_ENDPOINT);
        return ops.addressSpace(new PciRequester(address, address, "", kind));
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
