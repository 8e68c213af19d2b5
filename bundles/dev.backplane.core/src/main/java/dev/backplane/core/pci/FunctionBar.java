package dev.backplane.core.pci;

import dev.backplane.core.memory.MappedRegion;

/**
 * A BAR of a function with the region behind it.
 *
 * @param layout size, kind and place of the register
 * @param region what it maps; survives hand-overs
 * @param priority unique on the board, negative: what the board itself maps wins, and of two BARs that software lets
 *     overlap the one plugged first
 */
record FunctionBar(FunctionLayout.BarLayout layout, MappedRegion region, int priority) {}
