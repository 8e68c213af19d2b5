package dev.backplane.device;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * A device at work in one slot of a board. Its life is {@code created → realized → running ⇄ quiesced → unrealized}:
 *
 * <ol>
 *   <li>the factory makes it with properties that are final;
 *   <li>{@code realize} checks what the model itself needs and takes its resources;
 *   <li>{@link #reset} or {@link #restore} gives it a state, then it runs; if the device was reset while no model
 *       served, restore comes first and then reset;
 *   <li>for a hand-over it is {@linkplain #quiesce quiesced} (starts nothing more), the engine lets what is under way
 *       end, and {@link #save} takes its state; {@link #resume} lets it run again, in itself or after a {@link #restore}
 *       in its successor;
 *   <li>{@link #unrealize} gives everything back.
 * </ol>
 *
 * Before a hand-over the engine may rehearse it: it makes models that never serve, with a context whose memory faults,
 * whose lines and messages reach nobody and whose platform is empty, and takes them through realize, reset or restore,
 * resume, quiesce, save and unrealize, some times over, so that the classes of the bundle are loaded when the gate
 * closes; an IOMMU is asked for the address spaces of the functions below its bus too, and so is the one that serves. A
 * model that needs its platform refuses that in realize, and is not rehearsed.
 *
 * <p>The engine calls these methods one at a time, on an executor with a deadline, never inside a transaction. A model
 * also implements {@link PlatformDevice} or {@link dev.backplane.pci.PciDevice}, and what it offers beyond that as
 * capability interfaces ({@link dev.backplane.inspect.Inspectable}, {@link dev.backplane.pci.PciIommu}, {@link
 * dev.backplane.irq.InterruptController}, …).
 */
@ConsumerType
public interface DeviceModel {

    /**
     * Takes one phase of a reset. The engine takes all affected devices through a phase before the next; devices that
     * others' DMA depends on (an SMMU) change state in the exit phase. Called on a quiesced model, or on one that has
     * not run yet.
     *
     * @param kind how far the reset reaches
     * @param phase the phase
     */
    void reset(ResetKind kind, ResetPhase phase);

    /**
     * Stops starting transactions: cancels timers and held tickets, keeping what is unfinished as part of its state.
     * Register accesses may still arrive until the gate is closed.
     */
    void quiesce();

    /** Lets a quiesced or freshly restored model run: re-arms timers, starts again what was unfinished. */
    void resume();

    /** {@return the whole architectural state of a quiesced model; caches are not part of it} */
    SavedState save();

    /**
     * Takes over a state. Called on a realized model before it runs.
     *
     * @param state what this type of device saved, perhaps an older version of it
     * @throws RestoreException if the state cannot be honoured; the model is then disposed of and the old one goes on
     */
    void restore(SavedState state) throws RestoreException;

    /** Gives back everything taken in realize. Called once; the model is not used afterwards. */
    void unrealize();
}
