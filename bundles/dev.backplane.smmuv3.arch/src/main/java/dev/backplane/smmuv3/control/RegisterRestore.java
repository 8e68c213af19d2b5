package dev.backplane.smmuv3.control;

import dev.backplane.device.RestoreException;
import dev.backplane.register.RegisterSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Puts saved registers in place; whatever was saved, the state afterwards is one that software can bring about. */
final class RegisterRestore {
    /** What a guest has read of these decides how it programmed the rest. */
    private static final List<String> IDENTITY = List.of("IDR0", "IDR1", "IDR3", "IDR5", "IIDR", "AIDR");

    private final ControlRegisters registers;

    RegisterRestore(ControlRegisters registers) {
        this.registers = registers;
    }

    void restore(Map<?, ?> saved) throws RestoreException {
        Map<Integer, Long> words = check(saved);
        registers.file.reset();
        words.forEach(registers::set);
        registers.set(registers.cr0Ack, registers.get(registers.cr0));
        registers.set(registers.irqCtrlAck, registers.get(registers.irqCtrl));
        registers.set(registers.gbpa, registers.get(registers.gbpa) & ~RegisterTable.UPDATE.mask());
    }

    private Map<Integer, Long> check(Map<?, ?> saved) throws RestoreException {
        var words = new LinkedHashMap<Integer, Long>();
        for (int register = 0; register < registers.count; register++) {
            RegisterSpec spec = registers.file.spec(register);
            Object value = saved.get(spec.name());
            if (value == null) {
                continue;
            }
            if (!(value instanceof Number number)) {
                throw new RestoreException("saved register %s: expected a number, found %s"
                        .formatted(spec.name(), value.getClass().getSimpleName()));
            }
            long word = number.longValue();
            if (IDENTITY.contains(spec.name()) && (int) word != (int) spec.reset()) {
                throw new RestoreException(("saved register %s is 0x%x, this SMMU shows 0x%x: "
                        + "restore into a device with the same properties").formatted(
                        spec.name(), word, spec.reset()));
            }
            if (spec.policy() == RegisterSpec.Policy.READ_WRITE || register == registers.gerror) {
                words.put(register, word & spec.fieldMask());
            }
        }
        return words;
    }
}
