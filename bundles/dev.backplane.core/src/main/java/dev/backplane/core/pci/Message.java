package dev.backplane.core.pci;

/**
 * A message as software programmed it.
 *
 * @param address where it is written
 * @param data what is written, 32 bits
 */
public record Message(long address, int data) {}
