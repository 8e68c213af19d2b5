package dev.backplane.smmuv3.translate;

import dev.backplane.memory.Translation;

/**
 * A valid TLB entry.
 *
 * @param stage1 stage 1 took part
 * @param stage2 stage 2 took part
 * @param asid ASID, 0 without stage 1
 * @param vmid VMID, 0 when stage 2 is not supported
 * @param global the entry matches every ASID
 * @param privileged permissions are those of privileged transactions
 * @param instruction permissions are those of instruction fetches
 * @param mapped the range and what it maps to
 */
public record TlbEntryView(
        boolean stage1,
        boolean stage2,
        int asid,
        int vmid,
        boolean global,
        boolean privileged,
        boolean instruction,
        Translation.Mapped mapped) {}
