/** Interrupts: lines, interrupt controllers, MSI doorbells, LPIs and the CPU interface. */
@Version("1.3.0")
@Export
package dev.backplane.irq;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
