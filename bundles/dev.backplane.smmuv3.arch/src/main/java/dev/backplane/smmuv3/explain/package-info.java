/** Shows SMMUv3 structures and translations as trees that a person can read. */
@Version("1.0.0")
@Export
package dev.backplane.smmuv3.explain;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
