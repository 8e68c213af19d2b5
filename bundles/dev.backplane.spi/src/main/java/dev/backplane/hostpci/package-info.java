/**
 * Host PCI devices that can be assigned to a board, as VFIO offers them (Linux uAPI {@code linux/vfio.h}), and the
 * board's side of an assigned device.
 */
@Version("1.0.0")
@Export
package dev.backplane.hostpci;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
