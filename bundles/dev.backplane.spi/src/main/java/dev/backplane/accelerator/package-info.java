/**
 * The accelerator that runs a board's guest, as KVM offers it (Linux uAPI {@code linux/kvm.h}): a virtual machine with
 * its interrupt controller, GSI routes and irqfds.
 */
@Version("1.0.0")
@Export
package dev.backplane.accelerator;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
