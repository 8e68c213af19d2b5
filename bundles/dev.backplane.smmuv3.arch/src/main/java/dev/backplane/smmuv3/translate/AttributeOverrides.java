package dev.backplane.smmuv3.translate;

import dev.backplane.memory.MemoryAttributes;
import dev.backplane.smmuv3.spec.StreamTable.Ste;

/**
 * What an STE or SMMU_GBPA makes of incoming attributes (IHI 0070 sections 13.2 and 13.3). Immutable.
 *
 * @param memory memory attributes that enter translation, or leave a bypass
 * @param privileged PnU
 * @param instruction InD of reads
 */
public record AttributeOverrides(MemoryAttributes memory, Override privileged, Override instruction) {

    /** What happens to a one-bit attribute. */
    public enum Override {
        /** It stays as it came. */
        INCOMING,
        /** It becomes 0. */
        CLEAR,
        /** It becomes 1. */
        SET;

        static Override ofField(int field) {
            return field == 2 ? CLEAR : field == 3 ? SET : INCOMING;
        }

        boolean apply(boolean incoming) {
            return this == INCOMING ? incoming : this == SET;
        }
    }

    /** Everything stays as it came. */
    static final AttributeOverrides NONE =
            new AttributeOverrides(MemoryAttributes.INCOMING, Override.INCOMING, Override.INCOMING);

    /** {@return the overrides of an STE; fields that the SMMU does not implement are ignored} */
    static AttributeOverrides ofSte(SmmuCapabilities capabilities, long[] ste) {
        return of(
                capabilities,
                Ste.MTCFG.isSet(ste),
                Ste.MEMATTR.getInt(ste),
                Ste.SHCFG.getInt(ste),
                Ste.PRIVCFG.getInt(ste),
                Ste.INSTCFG.getInt(ste));
    }

    /** {@return the overrides of SMMU_GBPA (section 6.3.14), which has the same fields as an STE} */
    static AttributeOverrides ofGbpa(SmmuCapabilities capabilities, int gbpa) {
        return of(
                capabilities, (gbpa >>> 4 & 1) != 0, gbpa & 0xF, gbpa >>> 12 & 3, gbpa >>> 16 & 3, gbpa >>> 18 & 3);
    }

    private static AttributeOverrides of(
            SmmuCapabilities capabilities, boolean mtcfg, int memAttr, int shcfg, int privcfg, int instcfg) {
        boolean types = capabilities.overridesTypes();
        boolean permissions = capabilities.overridesPermissions();
        return new AttributeOverrides(
                types ? AttributeRules.override(mtcfg, memAttr, shcfg) : MemoryAttributes.INCOMING,
                permissions ? Override.ofField(privcfg) : Override.INCOMING,
                permissions ? Override.ofField(instcfg) : Override.INCOMING);
    }
}
