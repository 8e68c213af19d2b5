package com.example.copyengine;

import dev.backplane.inspect.InspectNode;
import dev.backplane.register.BitField;
import dev.backplane.register.RegisterFile;
import dev.backplane.register.RegisterSpec;
import dev.backplane.register.RegisterSpec.Policy;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The registers in BAR0, as the manual (README.md) prints them. Not thread-safe: the device's lock guards them. */
final class EngineRegisters {
    static final int MAX_QUEUES = 8;

    /** The registers of queue {@code q} begin at {@code QUEUE_BASE + q * QUEUE_STRIDE}. */
    static final int QUEUE_BASE = 0x100;

    static final int QUEUE_STRIDE = 0x40;

    private static final int ID = 0x434F_5059;
    private static final int VERSION = 1 << 16;

    static final BitField RING = BitField.bits("RING", 63, 5);
    static final BitField LOG2_ENTRIES = BitField.bits("LOG2_ENTRIES", 3, 0);
    static final BitField ENABLE = BitField.bit("ENABLE", 0);
    static final BitField INDEX = BitField.bits("INDEX", 15, 0);
    static final BitField ERROR = BitField.bit("ERROR", 0);
    private static final BitField COUNT = BitField.bits("COUNT", 63, 0);

    /** The registers of a queue. */
    enum Register {
        BASE(0x00, 8, Policy.READ_WRITE, RING),
        SIZE(0x08, 4, Policy.READ_WRITE, LOG2_ENTRIES),
        CONTROL(0x0C, 4, Policy.READ_WRITE, ENABLE),
        TAIL(0x10, 4, Policy.READ_WRITE, INDEX),
        HEAD(0x14, 4, Policy.READ_ONLY, INDEX),
        STATUS(0x18, 4, Policy.WRITE_ONE_TO_CLEAR, ERROR),
        COMPLETED(0x20, 8, Policy.READ_ONLY, COUNT);

        private final int offset;
        private final int width;
        private final Policy policy;
        private final BitField field;

        Register(int offset, int width, Policy policy, BitField field) {
            this.offset = offset;
            this.width = width;
            this.policy = policy;
            this.field = field;
        }

        private RegisterSpec of(int queue) {
            return new RegisterSpec(
                    "Q%d_%s".formatted(queue, name()),
                    QUEUE_BASE + queue * QUEUE_STRIDE + offset,
                    width,
                    0,
                    policy,
                    List.of(field));
        }
    }

    /** A register of a queue. */
    record Place(int queue, Register register) {}

    private final RegisterFile file;
    private final int queues;

    EngineRegisters(int queues) {
        this.queues = queues;
        List<RegisterSpec> table = new ArrayList<>(List.of(
                RegisterSpec.word("ID", 0x0, Policy.READ_ONLY, ID),
                RegisterSpec.word("VERSION", 0x4, Policy.READ_ONLY, VERSION),
                RegisterSpec.word("QUEUES", 0x8, Policy.READ_ONLY, queues)));
        for (int queue = 0; queue < queues; queue++) {
            for (Register register : Register.values()) {
                table.add(register.of(queue));
            }
        }
        file = new RegisterFile(table);
    }

    void reset() {
        file.reset();
    }

    long read(long offset) {
        return file.read(offset, 4);
    }

    void write(long offset, long value) {
        file.write(offset, 4, value);
    }

    /** {@return which register of which queue is at an offset, or null} */
    Place at(long offset) {
        int queue = (int) (offset - QUEUE_BASE) / QUEUE_STRIDE;
        if (offset < QUEUE_BASE || queue >= queues) {
            return null;
        }
        int inQueue = (int) (offset - QUEUE_BASE) % QUEUE_STRIDE;
        for (Register register : Register.values()) {
            if (inQueue >= register.offset && inQueue < register.offset + register.width) {
                return new Place(queue, register);
            }
        }
        return null;
    }

    long get(int queue, Register register) {
        return file.get(index(queue, register));
    }

    void set(int queue, Register register, long value) {
        file.set(index(queue, register), value);
    }

    private int index(int queue, Register register) {
        return file.indexAt(QUEUE_BASE + queue * QUEUE_STRIDE + register.offset);
    }

    /** Counts a descriptor that has been carried out. */
    void count(int queue, long bytes) {
        set(queue, Register.COMPLETED, get(queue, Register.COMPLETED) + 1);
    }

    /** {@return what software can change and what the device counts, by register name} */
    Map<String, Object> save() {
        Map<String, Object> saved = file.save();
        saved.keySet().removeAll(List.of("ID", "VERSION", "QUEUES"));
        return saved;
    }

    /** Takes over registers; those that the state does not know keep their reset value. */
    void restore(Map<String, ?> saved) {
        file.reset();
        file.restore(saved);
    }

    InspectNode inspect() {
        return file.inspect("registers");
    }
}
