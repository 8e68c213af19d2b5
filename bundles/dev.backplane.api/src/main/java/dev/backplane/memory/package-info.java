/**
 * Transactions: who starts them, where they go and how they end.
 *
 * <p>An initiator (a PCI function, an SMMU walking tables, a shell) starts transactions through a {@link
 * dev.backplane.memory.DmaPort}. A target answers them through a {@link dev.backplane.memory.MmioHandler}. Every
 * transaction ends as a {@link dev.backplane.memory.TransactionResult}.
 */
@Version("1.1.0")
@Export
package dev.backplane.memory;

import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
