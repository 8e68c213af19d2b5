package dev.backplane.vm.verify;

import dev.backplane.board.Board;
import dev.backplane.board.Slot;
import dev.backplane.inspect.IommuInspection;
import dev.backplane.vm.capture.Capture;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Compares the SMMU's own listing of each stream, from its tables alone, with the captured mappings, both ways. */
final class ListingCheck {
    private final Board board;

    ListingCheck(Board board) {
        this.board = board;
    }

    /** What makes a listed mapping equal to a captured one. */
    private record Leaf(long iova, long output, long size, String permission, int level, int asid, int vmid,
            long descriptorAddress, long descriptor) {
        @Override
        public String toString() {
            return "0x%x -> 0x%x size 0x%x %s level %d ASID %d VMID %d at 0x%x: 0x%x".formatted(iova, output, size,
                    permission, level, asid, vmid, descriptorAddress, descriptor);
        }
    }

    private record Stream(String smmu, int streamId) {}

    Tally check(Capture capture) {
        var tally = new Tally("listing");
        var expected = new LinkedHashMap<Stream, Map<Long, Capture.MappingRow>>();
        capture.streams().forEach(stream -> expected.put(new Stream(stream.smmu(), stream.streamId()),
                new HashMap<>()));
        for (Capture.MappingRow row : capture.mappings()) {
            expected.computeIfAbsent(new Stream(row.smmu(), row.streamId()), stream -> new HashMap<>())
                    .put(row.iova(), row);
        }
        if (!capture.mappings().isEmpty()) {
            expected.forEach((stream, rows) -> compare(capture, stream, rows, tally));
        }
        return tally;
    }

    private void compare(Capture capture, Stream stream, Map<Long, Capture.MappingRow> rows, Tally tally) {
        for (Leaf leaf : listed(capture, stream)) {
            Capture.MappingRow row = rows.remove(leaf.iova);
            if (row != null && leaf.equals(leaf(row))) {
                tally.agree();
            } else {
                tally.differ("%s StreamID 0x%x: listed %s, captured %s".formatted(stream.smmu, stream.streamId, leaf,
                        row == null ? "nothing" : leaf(row)));
            }
        }
        rows.values().forEach(row -> tally.differ("%s StreamID 0x%x: not listed: %s (line %d)".formatted(
                stream.smmu, stream.streamId, leaf(row), row.line())));
    }

    private List<Leaf> listed(Capture capture, Stream stream) {
        Slot slot = SmmuSlots.of(board, capture.smmu(stream.smmu));
        return slot.with(IommuInspection.class, smmu -> {
            var leaves = new ArrayList<Leaf>();
            smmu.mappings(stream.streamId, mapping ->
                    leaves.add(new Leaf(mapping.iova(), mapping.output(), mapping.size(),
                    (mapping.readable() ? "r" : "") + (mapping.writable() ? "w" : ""), mapping.level(), mapping.asid(),
                    mapping.vmid(), mapping.descriptorAddress(), mapping.descriptor())));
            return leaves;
        }).orElseThrow(() -> new IllegalStateException("slot %s shows no translations".formatted(slot.name())));
    }

    private static Leaf leaf(Capture.MappingRow row) {
        return new Leaf(row.iova(), row.output(), row.size(), row.permission(), row.level(), row.asid(), row.vmid(),
                row.descriptorAddress(), row.descriptor());
    }
}
