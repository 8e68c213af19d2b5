package dev.backplane.smmuv3.translate;

import dev.backplane.smmuv3.spec.TableDescriptor;

/**
 * What descriptors allow to a {@linkplain StreamContext#variant variant} of transactions, as bits; reads of variants
 * that fetch instructions are fetches. Writes are always data (IHI 0070 section 13.1.2).
 */
final class Permissions {
    /** Reads are allowed. */
    static final int READ = 1;

    /** Writes are allowed. */
    static final int WRITE = 2;

    /** Bit of a variant: privileged. */
    static final int PRIVILEGED = 1;

    /** Bit of a variant: instruction. */
    static final int INSTRUCTION = 2;

    private Permissions() {}

    /** {@return the variant of two attributes} */
    static int variant(boolean privileged, boolean instruction) {
        return (privileged ? PRIVILEGED : 0) | (instruction ? INSTRUCTION : 0);
    }

    /** The Direct Permission Scheme of the EL1&amp;0 regime (DDI 0487 section D8.4). */
    static int stage1(ContextConfig.Stage1 stage1, int variant, long descriptor, long hierarchy) {
        boolean user = TableDescriptor.AP1.isSet(descriptor) && !TableDescriptor.AP_TABLE0.isSet(hierarchy);
        boolean writes = !TableDescriptor.AP2.isSet(descriptor) && !TableDescriptor.AP_TABLE1.isSet(hierarchy);
        boolean fetch = (variant & INSTRUCTION) != 0;
        boolean readable;
        boolean writable;
        if ((variant & PRIVILEGED) != 0) {
            boolean never = user && stage1.privilegedAccessNever();
            writable = writes && !never;
            readable = fetch ? privilegedFetch(stage1, descriptor, hierarchy, user, writes) : !never;
        } else {
            writable = user && writes;
            readable = fetch ? unprivilegedFetch(stage1, descriptor, hierarchy, writable) : user;
        }
        return (readable ? READ : 0) | (writable ? WRITE : 0);
    }

    private static boolean privilegedFetch(
            ContextConfig.Stage1 stage1, long descriptor, long hierarchy, boolean user, boolean writes) {
        // What unprivileged code can write, privileged code never executes.
        return !TableDescriptor.PXN.isSet(descriptor)
                && !TableDescriptor.PXN_TABLE.isSet(hierarchy)
                && !(user && writes)
                && !(stage1.writeExecuteNever() && writes);
    }

    private static boolean unprivilegedFetch(
            ContextConfig.Stage1 stage1, long descriptor, long hierarchy, boolean writes) {
        return !TableDescriptor.UXN.isSet(descriptor)
                && !TableDescriptor.UXN_TABLE.isSet(hierarchy)
                && !(stage1.writeExecuteNever() && writes);
    }
}
