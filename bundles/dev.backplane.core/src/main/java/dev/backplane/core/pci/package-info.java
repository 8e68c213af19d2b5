/** PCI Express: configuration space, bridges, BARs, interrupts and requester IDs of every function of a board. */
package dev.backplane.core.pci;
