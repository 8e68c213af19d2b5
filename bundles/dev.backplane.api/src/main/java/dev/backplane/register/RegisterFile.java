package dev.backplane.register;

import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The registers of one region: storage, decoding and write policies by table. Reads and writes take the sizes that the
 * table allows: a 64-bit register also as two 32-bit halves. Not thread-safe: the device's lock, or the device's own,
 * guards it.
 */
public final class RegisterFile {
    private final RegisterSpec[] specs;
    private final long[] writable;
    private final long[] words;
    private final short[] indexByWord;
    private final Map<String, Integer> indexByName = new LinkedHashMap<>();

    /**
     * Makes a register file at its reset values.
     *
     * @param table the registers
     * @throws IllegalArgumentException if two registers overlap or share a name
     */
    public RegisterFile(List<RegisterSpec> table) {
        specs = table.toArray(RegisterSpec[]::new);
        words = new long[specs.length];
        writable = new long[specs.length];
        int end = 0;
        for (RegisterSpec spec : specs) {
            end = Math.max(end, spec.offset() + spec.bytes());
        }
        indexByWord = new short[(end + 3) / 4];
        Arrays.fill(indexByWord, (short) -1);
        for (int index = 0; index < specs.length; index++) {
            place(index);
        }
        reset();
    }

    private void place(int index) {
        RegisterSpec spec = specs[index];
        writable[index] = spec.fieldMask();
        for (int word = spec.offset() / 4; word < (spec.offset() + spec.bytes()) / 4; word++) {
            if (indexByWord[word] >= 0) {
                throw new IllegalArgumentException("registers %s and %s overlap at offset 0x%x"
                        .formatted(specs[indexByWord[word]].name(), spec.name(), word * 4));
            }
            indexByWord[word] = (short) index;
        }
        if (indexByName.put(spec.name(), index) != null) {
            throw new IllegalArgumentException("two registers are named " + spec.name());
        }
    }

    /** Puts every register to its reset value. */
    public void reset() {
        for (int index = 0; index < specs.length; index++) {
            words[index] = specs[index].reset();
        }
    }

    /**
     * {@return the index of the register at an offset, or -1 when none is there}
     *
     * @param offset byte offset, multiple of 4
     */
    public int indexAt(long offset) {
        long word = offset >>> 2;
        return word < indexByWord.length ? indexByWord[(int) word] : -1;
    }

    /**
     * {@return the index of a register}
     *
     * @throws IllegalArgumentException if there is none of that name
     */
    public int indexOf(String name) {
        Integer index = indexByName.get(name);
        if (index == null) {
            throw new IllegalArgumentException("no register is named " + name);
        }
        return index;
    }

    /** {@return the declaration of a register} */
    public RegisterSpec spec(int index) {
        return specs[index];
    }

    /** {@return the stored word of a register} */
    public long get(int index) {
        return words[index];
    }

    /** Stores a word as hardware does, whatever the policy. */
    public void set(int index, long value) {
        words[index] = value;
    }

    /**
     * Reads as software does.
     *
     * @param offset byte offset, aligned to {@code size}
     * @param size 4 or 8 bytes
     * @return the data; 0 where no register is (RES0)
     */
    public long read(long offset, int size) {
        if (size == 8) {
            int index = indexAt(offset);
            if (index >= 0 && specs[index].bytes() == 8 && specs[index].offset() == offset) {
                return words[index];
            }
            return read(offset, 4) | read(offset + 4, 4) << 32;
        }
        int index = indexAt(offset);
        if (index < 0) {
            return 0;
        }
        int shift = (int) (offset - specs[index].offset()) * 8;
        return words[index] >>> shift & 0xFFFF_FFFFL;
    }

    /**
     * Writes as software does: the policy decides what is stored.
     *
     * @param offset byte offset, aligned to {@code size}
     * @param size 4 or 8 bytes
     * @param value the data
     * @return the index of the register that was written (the first one when 8 bytes cover two), or -1 when none is
     *     there
     */
    public int write(long offset, int size, long value) {
        int index = indexAt(offset);
        if (size == 8) {
            if (index >= 0 && specs[index].bytes() == 8 && specs[index].offset() == offset) {
                store(index, value, -1L);
                return index;
            }
            write(offset, 4, value & 0xFFFF_FFFFL);
            int second = write(offset + 4, 4, value >>> 32);
            return index >= 0 ? index : second;
        }
        if (index >= 0) {
            int shift = (int) (offset - specs[index].offset()) * 8;
            store(index, value << shift, 0xFFFF_FFFFL << shift);
        }
        return index;
    }

    private void store(int index, long value, long lanes) {
        long old = words[index];
        words[index] = switch (specs[index].policy()) {
            case READ_ONLY, WRITE_ONLY -> old;
            case READ_WRITE -> (old & ~lanes) | (value & lanes & writable[index]);
            case WRITE_ONE_TO_CLEAR -> old & ~(value & lanes & writable[index]);
        };
    }

    /** {@return the stored words by register name, in table order} */
    public Map<String, Object> save() {
        var saved = new LinkedHashMap<String, Object>();
        for (int index = 0; index < specs.length; index++) {
            saved.put(specs[index].name(), words[index]);
        }
        return saved;
    }

    /**
     * Takes stored words by name; registers that are not named keep their value, unknown names are ignored (a newer
     * table may have dropped a register).
     */
    public void restore(Map<String, ?> saved) {
        saved.forEach((name, value) -> {
            Integer index = indexByName.get(name);
            if (index != null && value instanceof Number word) {
                words[index] = word.longValue();
            }
        });
    }

    /** {@return registers and fields as a tree} */
    public InspectNode inspect(String name) {
        var registers = new ArrayList<InspectNode>(specs.length);
        for (int index = 0; index < specs.length; index++) {
            registers.add(inspect(index));
        }
        return InspectNode.group(name, registers);
    }

    private InspectNode inspect(int index) {
        RegisterSpec spec = specs[index];
        var fields = new ArrayList<InspectNode>();
        for (BitField field : spec.fields()) {
            fields.add(InspectNode.hex(field.name(), field.get(words[index])));
        }
        return new InspectNode(
                spec.name(),
                "0x%0{w}x".replace("{w}", Integer.toString(spec.bytes() * 2)).formatted(words[index]),
                "+0x%x".formatted(spec.offset()),
                fields);
    }
}
