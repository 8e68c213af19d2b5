/** Layouts of the SMMUv3 data structures (IHI 0070), declared as tables of bit fields. */
@Version("1.0.0")
@Export
package dev.backplane.smmuv3.spec;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
