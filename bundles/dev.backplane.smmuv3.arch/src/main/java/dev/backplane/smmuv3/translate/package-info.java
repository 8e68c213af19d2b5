/**
 * Translation of one SMMUv3 programming interface: decoded configuration, walker, caches and events (IHI 0070 chapters
 * 3, 5, 7 and 13). No threads and no locks on the way of a transaction.
 */
@Version("1.2.0")
@Export
package dev.backplane.smmuv3.translate;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
