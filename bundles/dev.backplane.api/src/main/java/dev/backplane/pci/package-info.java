/** PCI functions as their models describe them, and the operations by which an IOMMU governs a bus. */
@Version("1.2.0")
@Export
package dev.backplane.pci;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
