package dev.backplane.smmuv3.translate;

import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.MemoryAttributes.Cacheability;
import dev.backplane.memory.MemoryAttributes.Shareability;
import dev.backplane.memory.MemoryAttributes.Type;

/**
 * Memory attributes as tables encode and combine them (DDI 0487 section D8.6; IHI 0070 section 13.4). Results are
 * shared instances.
 */
final class AttributeRules {
    private static final Type[] DEVICE = {
        Type.DEVICE_NGNRNE, Type.DEVICE_NGNRE, Type.DEVICE_NGRE, Type.DEVICE_GRE
    };
    private static final Cacheability[] CACHEABILITY = Cacheability.values();
    private static final Shareability[] SHAREABILITY = Shareability.values();
    private static final MemoryAttributes[] SHARED = new MemoryAttributes[Type.values().length * 27];

    static {
        for (Type type : Type.values()) {
            for (int i = 0; i < 27; i++) {
                SHARED[type.ordinal() * 27 + i] = new MemoryAttributes(
                        type, CACHEABILITY[i / 9], CACHEABILITY[i / 3 % 3], SHAREABILITY[i % 3]);
            }
        }
        SHARED[slot(
                        MemoryAttributes.INCOMING.type(),
                        MemoryAttributes.INCOMING.inner(),
                        MemoryAttributes.INCOMING.outer(),
                        MemoryAttributes.INCOMING.shareability())] =
                MemoryAttributes.INCOMING;
    }

    private AttributeRules() {}

    private static int slot(Type type, Cacheability inner, Cacheability outer, Shareability shareability) {
        return type.ordinal() * 27 + inner.ordinal() * 9 + outer.ordinal() * 3 + shareability.ordinal();
    }

    private static MemoryAttributes shared(
            Type type, Cacheability inner, Cacheability outer, Shareability shareability) {
        return SHARED[slot(type, inner, outer, shareability)];
    }

    private static MemoryAttributes device(int kind) {
        return shared(
                DEVICE[kind & 3], Cacheability.NON_CACHEABLE, Cacheability.NON_CACHEABLE, Shareability.OUTER);
    }

    private static MemoryAttributes normal(Cacheability inner, Cacheability outer, Shareability shareability) {
        boolean uncached = inner == Cacheability.NON_CACHEABLE && outer == Cacheability.NON_CACHEABLE;
        return shared(Type.NORMAL, inner, outer, uncached ? Shareability.OUTER : shareability);
    }

    /** {@return shareability of an SH field; the reserved value behaves as Non-shareable} */
    static Shareability shareability(int field) {
        return field == 2 ? Shareability.OUTER : field == 3 ? Shareability.INNER : Shareability.NON;
    }

    /** {@return attributes of a stage 1 leaf: a byte of MAIR and the SH field} */
    static MemoryAttributes stage1(long mair, int index, int sh) {
        int attribute = (int) (mair >>> index * 8) & 0xFF;
        return (attribute & 0xF0) == 0
                ? device(attribute >> 2)
                : normal(mairCacheability(attribute & 0xF), mairCacheability(attribute >> 4), shareability(sh));
    }

    private static Cacheability mairCacheability(int nibble) {
        if (nibble == 0b0000 || nibble == 0b0100) {
            return Cacheability.NON_CACHEABLE;
        }
        // 00RW and 10RW are write-through, 01RW and 11RW write-back; the top bit tells transient.
        return (nibble & 0b0100) == 0 ? Cacheability.WRITE_THROUGH : Cacheability.WRITE_BACK;
    }

    /** {@return attributes that leave an override: MTCFG, MemAttr and SHCFG of an STE or of SMMU_GBPA} */
    static MemoryAttributes override(boolean mtcfg, int memAttr, int shcfg) {
        MemoryAttributes in = MemoryAttributes.INCOMING;
        Shareability sh = shcfg == 1 ? in.shareability() : shareability(shcfg);
        if (!mtcfg) {
            return shared(in.type(), in.inner(), in.outer(), sh);
        }
        if (memAttr >> 2 == 0) {
            return device(memAttr);
        }
        // Inner 0b00 with a Normal outer is reserved and behaves as Device-nGnRnE (section 5.2 STE.MemAttr).
        return (memAttr & 3) == 0
                ? device(0)
                : normal(stage2Cacheability(memAttr & 3), stage2Cacheability(memAttr >> 2), sh);
    }

    private static Cacheability stage2Cacheability(int field) {
        return CACHEABILITY[field - 1];
    }

    /** {@return whether a stage 2 leaf maps any Device type, before combination; reserved values do} */
    static boolean isStage2Device(int memAttr, boolean forcedWriteBack) {
        return forcedWriteBack ? (memAttr & 0b111) <= 0b100 : memAttr >> 2 == 0 || (memAttr & 3) == 0;
    }

    /** {@return attributes after stage 2 combined those of stage 1, or of the input, with those of its leaf} */
    static MemoryAttributes combine(MemoryAttributes in, int memAttr, int sh, boolean forcedWriteBack) {
        return forcedWriteBack ? combineForced(in, memAttr, sh) : combineWeaker(in, memAttr, sh);
    }

    private static MemoryAttributes combineWeaker(MemoryAttributes in, int memAttr, int sh) {
        boolean inDevice = isDevice(in);
        if (isStage2Device(memAttr, false)) {
            int kind = memAttr >> 2 == 0 ? memAttr : 0;
            return device(inDevice ? Math.min(deviceKind(in), kind) : kind);
        }
        if (inDevice) {
            return in;
        }
        return normal(
                weaker(in.inner(), stage2Cacheability(memAttr & 3)),
                weaker(in.outer(), stage2Cacheability(memAttr >> 2)),
                wider(in.shareability(), shareability(sh)));
    }

    private static MemoryAttributes combineForced(MemoryAttributes in, int memAttr, int sh) {
        boolean inDevice = isDevice(in);
        Shareability shareability = wider(in.shareability(), shareability(sh));
        return switch (memAttr & 0b111) {
            case 0b101 -> inDevice ? in : normal(Cacheability.NON_CACHEABLE, Cacheability.NON_CACHEABLE, shareability);
            case 0b110 -> normal(Cacheability.WRITE_BACK, Cacheability.WRITE_BACK, shareability);
            case 0b111 -> inDevice ? in : normal(in.inner(), in.outer(), shareability);
            case 0b100 -> device(0);
            default -> device(inDevice ? Math.min(deviceKind(in), memAttr & 3) : memAttr & 3);
        };
    }

    private static boolean isDevice(MemoryAttributes attributes) {
        return attributes.type() != Type.NORMAL && attributes.type() != Type.INCOMING;
    }

    private static int deviceKind(MemoryAttributes attributes) {
        return attributes.type().ordinal() - Type.DEVICE_NGNRNE.ordinal();
    }

    private static Cacheability weaker(Cacheability a, Cacheability b) {
        return a.ordinal() < b.ordinal() ? a : b;
    }

    private static Shareability wider(Shareability a, Shareability b) {
        if (a == Shareability.OUTER || b == Shareability.OUTER) {
            return Shareability.OUTER;
        }
        return a == Shareability.INNER || b == Shareability.INNER ? Shareability.INNER : Shareability.NON;
    }
}
