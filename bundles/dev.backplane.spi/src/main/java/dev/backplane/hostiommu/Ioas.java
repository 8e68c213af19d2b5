package dev.backplane.hostiommu;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.osgi.annotation.versioning.ProviderType;

/** An I/O address space: IOVAs mapped to memory of this process. */
@ProviderType
public non-sealed interface Ioas extends PageTable {

    /**
     * {@return the IOVA ranges that may be mapped, ascending, as the attached devices allow them
     * (IOMMU_IOAS_IOVA_RANGES)}
     *
     * @throws HostException if the host refuses
     */
    List<IovaRange> ranges() throws HostException;

    /**
     * Maps and pins memory at a fixed IOVA (IOMMU_IOAS_MAP with FIXED_IOVA). The memory must stay until it is unmapped.
     *
     * @param iova first IOVA, aligned to the host's page size
     * @param memory native memory of this process, a whole number of host pages
     * @param readable whether devices may read it
     * @param writable whether devices may write it
     * @throws HostException EEXIST when a part is mapped already, EINVAL for a misaligned or reserved range, ENOMEM
     */
    void map(long iova, MemorySegment memory, boolean readable, boolean writable) throws HostException;

    /**
     * Unmaps whole mappings (IOMMU_IOAS_UNMAP). When it returns no device reaches the memory any more.
     *
     * @param iova first IOVA
     * @param length bytes
     * @return bytes unmapped
     * @throws HostException ENOENT when nothing is mapped there or the range cuts a mapping in two
     */
    long unmap(long iova, long length) throws HostException;

    /**
     * A range of IOVAs.
     *
     * @param first first IOVA
     * @param last last IOVA, inclusive
     */
    record IovaRange(long first, long last) {}
}
