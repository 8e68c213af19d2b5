package dev.backplane.core.pci;

import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.PciFunctionDescription.Msix;
import java.util.Arrays;
import java.util.List;

/** The MSI-X capability with its table and pending bit array (PCIe 7.7.2). */
final class MsixTable implements MessageVectors {
    private static final int ID = 0x11;
    private static final int LENGTH = 12;
    private static final int CONTROL = 0x02;
    private static final int ENABLE = 1 << 15;
    private static final int FUNCTION_MASK = 1 << 14;
    private static final int ENTRY_BYTES = 16;
    private static final int ENTRY_WORDS = 4;
    private static final int ADDRESS = 0;
    private static final int UPPER_ADDRESS = 1;
    private static final int DATA = 2;
    private static final int VECTOR_CONTROL = 3;
    private static final int MASKED = 1;
    /** What software may write of the words of an entry. */
    private static final int[] WRITABLE = {~3, ~0, ~0, MASKED};

    private final int offset;
    private final Msix geometry;
    private final int[] words;
    private final long[] pending;
    private boolean enabled;
    private boolean functionMask;

    MsixTable(int offset, Msix geometry) {
        this.offset = offset;
        this.geometry = geometry;
        words = new int[geometry.vectors() * ENTRY_WORDS];
        pending = new long[geometry.vectors() + 63 >>> 6];
        reset();
    }

    static int tableEnd(Msix geometry) {
        return geometry.tableOffset() + geometry.vectors() * ENTRY_BYTES;
    }

    static int pbaEnd(Msix geometry) {
        return geometry.pbaOffset() + (geometry.vectors() + 63 >>> 6) * 8;
    }

    static int layOut(ConfigTemplate.Builder builder, Msix geometry) {
        int at = builder.capability(ID, LENGTH);
        builder.table(at, List.of(
                ConfigField.writable("Message Control", CONTROL, 2, geometry.vectors() - 1, ENABLE | FUNCTION_MASK),
                ConfigField.readOnly("Table Offset and BIR", 4, 4, geometry.tableOffset() | geometry.tableBar()),
                ConfigField.readOnly("PBA Offset and BIR", 8, 4, geometry.pbaOffset() | geometry.pbaBar())));
        return at;
    }

    Msix geometry() {
        return geometry;
    }

    /** Takes over what software wrote to Message Control; the caller flushes afterwards. */
    synchronized void load(ConfigSpace config) {
        int control = config.get(offset + CONTROL, 2);
        enabled = (control & ENABLE) != 0;
        functionMask = (control & FUNCTION_MASK) != 0;
    }

    synchronized void reset() {
        Arrays.fill(words, 0);
        for (int vector = 0; vector < geometry.vectors(); vector++) {
            words[vector * ENTRY_WORDS + VECTOR_CONTROL] = MASKED;
        }
        Arrays.fill(pending, 0);
    }

    /** {@return 4 or 8 bytes of the table} */
    synchronized long readTable(int at, int size) {
        long low = words[at >>> 2] & 0xFFFF_FFFFL;
        return size == 4 ? low : low | (long) words[(at >>> 2) + 1] << 32;
    }

    /**
     * Writes 4 or 8 bytes of the table.
     *
     * @return whether a pending vector may now be sent: {@link #flush} is due
     */
    synchronized boolean writeTable(int at, int size, long value) {
        int word = at >>> 2;
        words[word] = (int) value & WRITABLE[word & 3];
        if (size == 8) {
            words[word + 1] = (int) (value >>> 32) & WRITABLE[word + 1 & 3];
        }
        int vector = word / ENTRY_WORDS;
        return enabled && isPending(vector) && !isMasked(vector);
    }

    /** {@return the vector whose entry holds an offset of the table} */
    static int vector(int at) {
        return at / ENTRY_BYTES;
    }

    /** {@return 4 or 8 bytes of the pending bit array} */
    synchronized long readPending(int at, int size) {
        long word = pending[at >>> 3];
        return size == 8 ? word : word >>> (at & 4) * 8 & 0xFFFF_FFFFL;
    }

    synchronized int[] saveTable() {
        return words.clone();
    }

    synchronized long[] savePending() {
        return pending.clone();
    }

    synchronized void restore(int[] table, long[] bits) {
        for (int word = 0; word < words.length; word++) {
            words[word] = table[word] & WRITABLE[word & 3];
        }
        System.arraycopy(bits, 0, pending, 0, pending.length);
        if ((geometry.vectors() & 63) != 0) {
            pending[pending.length - 1] &= -1L >>> 64 - (geometry.vectors() & 63);
        }
    }

    @Override
    public int vectors() {
        return geometry.vectors();
    }

    @Override
    public synchronized boolean isEnabled() {
        return enabled;
    }

    @Override
    public synchronized int enabledVectors() {
        return enabled ? geometry.vectors() : 0;
    }

    private boolean isMasked(int vector) {
        return functionMask || (words[vector * ENTRY_WORDS + VECTOR_CONTROL] & MASKED) != 0;
    }

    private boolean isPending(int vector) {
        return (pending[vector >>> 6] & 1L << vector) != 0;
    }

    private long address(int vector) {
        int entry = vector * ENTRY_WORDS;
        return words[entry + ADDRESS] & 0xFFFF_FFFFL | (long) words[entry + UPPER_ADDRESS] << 32;
    }

    private long data(int vector) {
        return words[vector * ENTRY_WORDS + DATA] & 0xFFFF_FFFFL;
    }

    @Override
    public synchronized Message message(int vector) {
        return !enabled || vector < 0 || vector >= geometry.vectors() || isMasked(vector)
                ? null
                : new Message(address(vector), (int) data(vector));
    }

    @Override
    public TransactionResult send(TransactionContext context, DmaPort port, int vector) {
        long target;
        long message;
        synchronized (this) {
            if (!enabled) {
                return TransactionResult.Done.DONE;
            }
            if (isMasked(vector)) {
                pending[vector >>> 6] |= 1L << vector;
                return TransactionResult.Done.DONE;
            }
            target = address(vector);
            message = data(vector);
        }
        return port.write(context, target, 4, message);
    }

    @Override
    public void flush(TransactionContext context, DmaPort port) {
        for (int vector = 0; vector < geometry.vectors(); vector++) {
            long target;
            long message;
            synchronized (this) {
                if (!enabled || !isPending(vector) || isMasked(vector)) {
                    continue;
                }
                pending[vector >>> 6] &= ~(1L << vector);
                target = address(vector);
                message = data(vector);
            }
            port.write(context, target, 4, message);
        }
    }
}
