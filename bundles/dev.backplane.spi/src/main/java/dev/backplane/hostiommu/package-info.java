/**
 * The host's IOMMU as iommufd offers it: I/O address spaces, page tables, virtual IOMMUs. Shaped so that an
 * implementation over {@code /dev/iommu} needs nothing else (Linux uAPI {@code linux/iommufd.h}); each method names the
 * ioctl that it stands for.
 */
@Version("1.0.0")
@Export
package dev.backplane.hostiommu;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
