package dev.backplane.host.smmu;

/** A device in front of which an SMMU stands, as the SMMU reaches it. Called concurrently; must not block. */
public interface TranslationClient {

    /**
     * An ATS Invalidate Request: drop cached translations. They are not used any more by accesses that begin after it.
     *
     * @param substreamId PASID that the translations belong to, or -1 for those without one
     * @param global whether all PASIDs are meant
     * @param address first address
     * @param log2Pages base-2 logarithm of the number of pages of 4 KiB; 52 and more for all
     */
    void invalidateTranslations(int substreamId, boolean global, long address, int log2Pages);
}
