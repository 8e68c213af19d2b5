package dev.backplane.vm.capture;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A captured guest: machine, memory, registers, and what is known to be true about its translations. Complete and
 * checked; reading one changes nothing. Immutable.
 *
 * @param name name of the folder
 * @param machine the machine as its command line describes it
 * @param smmus registers of each SMMU
 * @param gic registers of the interrupt controller
 * @param functions PCI functions, by address
 * @param memory pages of guest memory
 * @param streams stream table entries
 * @param mappings leaf mappings, empty when the capture has no such file; likewise the following
 * @param oracle probed translations
 * @param disagreeing probes in which the peer differs from the architecture, as a file of their own
 * @param trace last translations seen at run time
 * @param msis programmed MSI vectors
 * @param accesses register accesses of the driver since reset
 */
public record Capture(
        String name,
        Machine machine,
        List<SmmuImage> smmus,
        GicImage gic,
        List<FunctionImage> functions,
        MemoryImage memory,
        List<StreamImage> streams,
        List<MappingRow> mappings,
        List<OracleRow> oracle,
        List<OracleRow> disagreeing,
        List<TraceRow> trace,
        List<MsiRow> msis,
        List<RegisterAccess> accesses) {

    /** Copies the lists. */
    public Capture {
        smmus = List.copyOf(smmus);
        functions = List.copyOf(functions);
        streams = List.copyOf(streams);
        mappings = List.copyOf(mappings);
        oracle = List.copyOf(oracle);
        disagreeing = List.copyOf(disagreeing);
        trace = List.copyOf(trace);
        msis = List.copyOf(msis);
        accesses = List.copyOf(accesses);
    }

    /** {@return the SMMU of that name} */
    public SmmuImage smmu(String id) {
        return smmus.stream().filter(smmu -> smmu.id().equals(id)).findFirst().orElseThrow();
    }

    /** {@return the STE.Config of a stream, or empty when the capture has no such stream} */
    public Optional<Integer> streamConfig(String smmu, int streamId) {
        return streams.stream()
                .filter(stream -> stream.smmu().equals(smmu) && stream.streamId() == streamId)
                .map(StreamImage::config)
                .findFirst();
    }

    /**
     * The machine.
     *
     * @param options options of the machine type as key and value, without the type
     * @param memory bytes of RAM
     * @param processors number of processors
     * @param devices devices in the order of the command line
     */
    public record Machine(Map<String, String> options, long memory, int processors, List<Device> devices) {
        /** Copies the collections. */
        public Machine {
            options = Map.copyOf(options);
            devices = List.copyOf(devices);
        }
    }

    /**
     * A device of the command line.
     *
     * @param type device type
     * @param properties its properties
     */
    public record Device(String type, Map<String, String> properties) {
        /** Copies the properties. */
        public Device {
            properties = Map.copyOf(properties);
        }
    }

    /**
     * An SMMU.
     *
     * @param id name in the capture's tables
     * @param base guest-physical address of its registers
     * @param registers values by register name
     */
    public record SmmuImage(String id, long base, Map<String, Long> registers) {
        /** Copies the registers. */
        public SmmuImage {
            registers = Map.copyOf(registers);
        }

        /** {@return a register's value, 0 when it was not captured} */
        public long register(String name) {
            return registers.getOrDefault(name, 0L);
        }
    }

    /**
     * The interrupt controller.
     *
     * @param distributor GICD registers
     * @param redistributors GICR registers, by processor
     * @param its GITS registers, or empty
     */
    public record GicImage(Block distributor, List<Block> redistributors, Optional<Block> its) {
        /** Copies the list. */
        public GicImage {
            redistributors = List.copyOf(redistributors);
        }
    }

    /**
     * A block of registers.
     *
     * @param base guest-physical address
     * @param registers values by name
     */
    public record Block(long base, Map<String, Long> registers) {
        /** Copies the registers. */
        public Block {
            registers = Map.copyOf(registers);
        }

        /** {@return a register's value, 0 when it was not captured} */
        public long register(String name) {
            return registers.getOrDefault(name, 0L);
        }
    }

    /**
     * A stream table entry.
     *
     * @param smmu SMMU
     * @param streamId StreamID
     * @param config STE.Config
     */
    public record StreamImage(String smmu, int streamId, int config) {}

    /**
     * A leaf mapping; fields as {@link dev.backplane.inspect.IommuInspection.LeafMapping}.
     *
     * @param line line in its file
     * @param permission {@code r}, {@code w} or {@code rw}
     */
    public record MappingRow(
            int line,
            String smmu,
            int streamId,
            long iova,
            long output,
            long size,
            String permission,
            int level,
            int asid,
            int vmid,
            long descriptorAddress,
            long descriptor) {}

    /**
     * A probed translation.
     *
     * @param line line in its file
     * @param write whether the probe was a write
     * @param mapped whether it translated
     * @param output output address when it did
     * @param permission permission that the peer reported when it did
     * @param event name of the event, {@code ""} when none was recorded
     * @param record the event's record, or null
     */
    public record OracleRow(
            int line,
            String smmu,
            int streamId,
            long iova,
            boolean write,
            boolean mapped,
            long output,
            String permission,
            String event,
            List<Long> record) {}

    /**
     * A translation seen at run time.
     *
     * @param line line in its file
     * @param iova input page
     * @param output output page
     * @param status whether it was live at the freeze
     */
    public record TraceRow(
            int line, String smmu, int streamId, long iova, long output, String permission, String status) {}

    /**
     * A programmed MSI vector.
     *
     * @param line line in its file
     * @param enabled whether the function had MSI enabled and the vector unmasked
     * @param address doorbell as the function addresses it
     * @param data data of the message
     * @param translated doorbell's guest-physical address
     * @param intid LPI, or -1 when none is mapped
     * @param processor processor that the collection targets
     */
    public record MsiRow(
            int line,
            String smmu,
            int requesterId,
            int vector,
            boolean enabled,
            long address,
            long data,
            long translated,
            int intid,
            int processor) {}

    /**
     * A register access of the driver.
     *
     * @param line line in its file
     * @param write whether it wrote
     * @param offset offset in the SMMU's register frame, page 1 folded into page 0
     * @param size bytes
     * @param value data
     */
    public record RegisterAccess(int line, boolean write, int offset, int size, long value) {}
}
