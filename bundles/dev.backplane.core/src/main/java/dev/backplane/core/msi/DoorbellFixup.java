package dev.backplane.core.msi;

import dev.backplane.accelerator.MsiRoutes.Fixup;
import dev.backplane.core.memory.Rendered;
import dev.backplane.core.pci.PciFunction;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.memory.Translation.Mapped;
import dev.backplane.memory.Translation.Stalled;
import dev.backplane.pci.MsiDoorbell;
import dev.backplane.pci.PciIommuOps;

/**
 * Finds the doorbell that a message reaches, for a route that no write passes through. The IOMMU is asked first,
 * whatever address space it gave the function: an accelerated one gives the system's, and still only it knows the
 * doorbell.
 */
final class DoorbellFixup {

    /** What was found. */
    sealed interface Outcome {}

    /**
     * A doorbell.
     *
     * @param address guest-physical address
     * @param fixup how it was found
     */
    record Found(long address, Fixup fixup) implements Outcome {}

    /** None: the message cannot have a route. */
    record Refused(String reason) implements Outcome {}

    private DoorbellFixup() {}

    /** {@return where a message of a function leads} */
    static Outcome find(TransactionContext context, PciFunction function, long iova) {
        if (function.isGoverned()) {
            PciIommuOps ops = function.iommuOps();
            if (ops == null) {
                return new Refused("slot %s, the IOMMU, is parked".formatted(function.iommuSlot()));
            }
            MsiDoorbell doorbell;
            try {
                doorbell = ops.msiDoorbell(function.requesterNow());
            } catch (RuntimeException | LinkageError thrown) {
                return new Refused("slot %s, the IOMMU, failed: %s"
                        .formatted(function.iommuSlot(), Rendered.text(thrown)));
            }
            switch (doorbell) {
                case MsiDoorbell.Direct direct -> {
                    return new Found(direct.gpa(), Fixup.DIRECT);
                }
                case MsiDoorbell.Refuse refusal -> {
                    return new Refused(refusal.reason());
                }
                case MsiDoorbell.Translate _ -> {
                    // The next ways are tried.
                }
            }
        }
        return function.isUntranslated()
                ? new Found(iova, Fixup.UNTRANSLATED)
                : translated(context, function, iova);
    }

    private static Outcome translated(TransactionContext context, PciFunction function, long iova) {
        Translation translation = function.translateMessage(context, iova);
        return switch (translation) {
            case null -> new Refused("slot %s, the IOMMU, does not translate now".formatted(function.iommuSlot()));
            case Mapped mapped -> new Found(mapped.apply(iova), Fixup.TRANSLATED);
            case Stalled stalled -> {
                // Nobody waits for its end: software unmasks or rewrites the vector again.
                stalled.stall().onResume(decision -> {});
                yield new Refused("the translation of IOVA 0x%x stalls".formatted(iova));
            }
            case Translation.Terminated _ ->
                new Refused("slot %s, the IOMMU, terminates a write to IOVA 0x%x"
                        .formatted(function.iommuSlot(), iova));
        };
    }
}
