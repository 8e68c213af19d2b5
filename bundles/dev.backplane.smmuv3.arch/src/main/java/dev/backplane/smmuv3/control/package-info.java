/**
 * The programming interface of an SMMUv3: registers, command queue, event queue, global errors and wired interrupts
 * (IHI 0070 chapters 3.5, 4, 6 and 7). Plain objects without threads; whoever embeds them brings memory and epochs.
 */
@Version("2.0.0")
@Export
package dev.backplane.smmuv3.control;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
