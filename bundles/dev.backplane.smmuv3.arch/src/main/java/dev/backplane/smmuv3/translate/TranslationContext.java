package dev.backplane.smmuv3.translate;

import dev.backplane.memory.MemoryAttributes;
import dev.backplane.smmuv3.translate.StreamConfig.Stage2Config;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One address space as transactions see it: all that decides the outcome of a walk but the transaction itself. The TLB
 * is tagged with the identity of this object; streams with equal configuration share one. So a TLB entry is used only
 * under exactly the configuration that filled it, and VMID and ASID serve invalidation.
 */
final class TranslationContext {
    private static final AtomicInteger NEXT_SALT = new AtomicInteger();
    private static final VarHandle SIZES;

    static {
        try {
            SIZES = MethodHandles.lookup().findVarHandle(TranslationContext.class, "sizes", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    /**
     * What makes two address spaces equal.
     *
     * @param stage1 stage 1, or null
     * @param stage2 stage 2, or null
     * @param vmid VMID
     * @param input attributes that enter stage 2 when there is no stage 1, else null
     */
    record Key(ContextConfig.Stage1 stage1, Stage2Config stage2, int vmid, MemoryAttributes input) {}

    final Key key;
    /** Spreads contexts over caches; see {@link #spread}. */
    private final int salt;
    final ContextConfig.Stage1 stage1;
    final Stage2Config stage2;
    final int vmid;
    /** For descriptors of either half; null where there is none, or none in advance. */
    final PageRules lowerRules;

    final PageRules upperRules;
    private final boolean ignoresTopByte;
    /** Entries of the TLB that count. */
    private volatile Era era = new Era(this);
    /** Entries of the walk cache that count. */
    private volatile Era tableEra = new Era(this);

    /** Bit n: the TLB has held an entry of 2^n bytes of this context. Bits are set before the entry, never cleared. */
    private volatile long sizes;

    /** The TLB has held a global entry of this context. */
    volatile boolean global;

    /** The collection of contexts that knows this one. */
    volatile Object registry;

    TranslationContext(Key key) {
        this.key = key;
        this.stage1 = key.stage1();
        this.stage2 = key.stage2();
        this.vmid = key.vmid();
        this.ignoresTopByte =
                stage1 != null && (stage1.lowerTopByteIgnored() || stage1.upperTopByteIgnored());
        this.lowerRules = stage1 == null ? null : PageRules.of(stage1, stage1.lower());
        this.upperRules = stage1 == null ? null : PageRules.of(stage1, stage1.upper());
        this.salt = NEXT_SALT.getAndIncrement() * 0x9E37_79B1;
    }

    /** {@return where this context begins in a cache of 2^bits sets, modulo that number: contexts are far apart} */
    int spread(int bits) {
        return salt >>> Integer.SIZE - bits;
    }

    /** {@return the address that tags TLB entries: the input address without what TBI ignores} */
    long canonical(long iova) {
        return ignoresTopByte ? stage1.canonical(iova) : iova;
    }

    Era era() {
        return era;
    }

    /** {@return the era of table pointers; read after {@link #era}, so that it is no older} */
    Era tableEra() {
        return tableEra;
    }

    /** Drops all that is cached. */
    void forget() {
        forgetTables();
        era = new Era(this);
    }

    /** Drops what is cached of tables before the last level. */
    void forgetTables() {
        tableEra = new Era(this);
    }

    boolean nested() {
        return stage1 != null && stage2 != null;
    }

    /** {@return the ASID, -1 without stage 1} */
    int asid() {
        return stage1 == null ? -1 : stage1.asid();
    }

    long sizes() {
        return sizes;
    }

    void addSize(int shift) {
        if ((sizes >>> shift & 1) == 0) {
            SIZES.getAndBitwiseOr(this, 1L << shift);
        }
    }
}
