package dev.backplane.core.pci;

import dev.backplane.board.PlugException;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.PciIommuOps;

/** Who keeps host devices behind the IOMMU that governs them, whichever model that is. */
public interface IommuObserver {

    /**
     * A model begins to govern the functions below a root bus; its slot's gate is parked. Called on a thread for bundles'
     * code.
     *
     * @param unlessGivenUp called before anything is done, after what may take long: throws when nobody waits for the
     *     model any more
     * @throws PlugException if it cannot take what is there
     */
    void served(String rootBus, PciIommuOps ops, Runnable unlessGivenUp) throws PlugException;

    /** The model is about to be disposed of; another one may come. */
    void left(String rootBus);

    /** The IOMMU is reset while no model is there: the next one says anew what passes. */
    void reset(String rootBus);

    /** The IOMMU goes for good; its model is still there. */
    void removed(String rootBus);

    /**
     * Software may have given functions other addresses; when this returns no device is behind an IOMMU under one that
     * it had. Called without locks, before the write that did it returns.
     *
     * @param context context of the calling thread
     */
    void moved(TransactionContext context);

    /** Nobody. */
    IommuObserver NOBODY = new IommuObserver() {
        @Override
        public void served(String rootBus, PciIommuOps ops, Runnable unlessGivenUp) {
            unlessGivenUp.run();
        }

        @Override
        public void left(String rootBus) {}

        @Override
        public void reset(String rootBus) {}

        @Override
        public void removed(String rootBus) {}

        @Override
        public void moved(TransactionContext context) {}
    };
}
