package dev.backplane.board;

import dev.backplane.accelerator.MsiRoutes;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.device.ResetKind;
import dev.backplane.firmware.FirmwareContribution;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A composed machine; an OSGi service with the property {@link #NAME}. Thread-safe. Control operations are carried out
 * one after another on the board's executor and return when they are done.
 */
@ProviderType
public interface Board {

    /** Service property: the board's name. */
    String NAME = "backplane.board";

    /** {@return the name} */
    String name();

    /** {@return the definition that the board was made of} */
    BoardDefinition definition();

    /** {@return the machine's layout, or empty while its machine type is missing} */
    Optional<MachineDefinition> machine();

    /** {@return whether every slot that the definition names is running (the machine-done barrier has been passed)} */
    boolean isComplete();

    /**
     * Waits until the board is complete.
     *
     * @param patience how long to wait
     * @return whether it is
     * @throws InterruptedException if the calling thread is interrupted
     */
    boolean awaitComplete(Duration patience) throws InterruptedException;

    /** {@return the first real causes why the board is not complete, each with what would help; empty when it is} */
    List<Cause> why();

    /** {@return all slots, in definition order, plugged ones after} */
    List<Slot> slots();

    /** {@return the slot of that name} */
    Optional<Slot> slot(String name);

    /**
     * Plugs a device: pre-plug, realize, plug.
     *
     * @param request what to plug
     * @return its slot, running
     * @throws PlugException if it cannot be plugged: unknown type or property, wrong value, address taken, refused by
     *     its own realize or by the IOMMU; nothing has changed then
     */
    Slot plug(DeviceRequest request) throws PlugException;

    /**
     * Unplugs a device that a user plugged.
     *
     * @throws PlugException if there is no such device or it must stay
     */
    void unplug(String slot) throws PlugException;

    /**
     * Replaces the bundle behind a slot by a new version: installs and realizes it beside the old one, hands over, and
     * retires the old one.
     *
     * @param slot name of the slot
     * @param bundleFile the new bundle
     * @throws PlugException if the new bundle cannot serve; the old one goes on
     */
    void update(String slot, Path bundleFile) throws PlugException;

    /**
     * Gives a slot to a device with other property values, of the same implementation or of another one that is there
     * for these values: it is made and realized beside the old one, checked (regions, lines, PCI identity, capabilities
     * that others use, where MSIs are taken), and takes over the old one's state. The values are the slot's from then
     * on.
     *
     * @param slot name of the slot
     * @param properties the values that change, by name; the others stay
     * @throws PlugException if no bundle is there for these values, the new device does not fit or cannot take the state
     *     over, or one of both refuses to be swapped now; the message says why, and the old one goes on
     */
    void swap(String slot, Map<String, String> properties) throws PlugException;

    /**
     * Pins a slot to the offer of one bundle, which takes over now. Without a pin the offer with the highest service
     * ranking serves. While the pinned bundle is away, the best of the others does.
     *
     * @param slot name of the slot
     * @param bundle {@code symbolic.name}, {@code symbolic.name:version} or the bundle's ID; empty ends the pin
     * @throws PlugException if the bundle offers nothing for the slot or cannot serve; everything is as it was then
     */
    void select(String slot, String bundle) throws PlugException;

    /**
     * Resets all devices in phases; RAM keeps its content. A device whose model is away is as after a reset too: the
     * next model does not go on from the kept state.
     *
     * @param kind {@link ResetKind#COLD}
     */
    void reset(ResetKind kind);

    /**
     * {@return a port to the system bus for a diagnostic initiator}
     *
     * @param initiator name for recorders
     */
    DmaPort systemPort(String initiator);

    /** {@return the flat memory map, ascending, without gaps merged} */
    List<MapEntry> memoryMap();

    /** {@return the board's epochs, for threads that start transactions} */
    Epochs epochs();

    /** {@return the board's clock, and the hand that moves it} */
    BoardClock clock();

    /** {@return the PCI fabric} */
    PciFabric pci();

    /** {@return what the running devices contribute to the tables of the firmware, in the order of their slots} */
    default List<FirmwareContribution> firmware() {
        return List.of();
    }

    /** {@return the board's virtual machine, or empty when the board runs without an accelerator} */
    default Optional<VirtualMachine> virtualMachine() {
        return Optional.empty();
    }

    /**
     * {@return the message routes in the accelerator's interrupt controller, or empty when the board has no accelerator
     * or its interrupt controllers are not in the kernel}
     */
    default Optional<MsiRoutes> msiRoutes() {
        return Optional.empty();
    }

    /**
     * Takes interrupt lines away from their controllers and gives them to a listener, for tests and protocol servers.
     *
     * @param controller slot of the interrupt controller whose inputs are observed
     * @param listener receives every change, on the thread that makes it
     * @return ends the observation
     */
    AutoCloseable observeInputs(String controller, InputListener listener);

    /**
     * Drives an input of an interrupt controller from outside the board, as a device wired to it would: the outside is
     * one more line of that input, ORed with those of the devices, and keeps its level until it is driven again. While
     * the controller is parked the input latches.
     *
     * @param controller slot of the interrupt controller
     * @param intid INTID of a shared peripheral interrupt, 32 to 1019 (IHI 0069, section 2.2)
     * @param asserted the level of the outside's line; an edge is a call with {@code true} and one with {@code false}
     * @throws IllegalArgumentException if there is no such slot, it holds no interrupt controller, or the INTID is out
     *     of range; an INTID that the controller does not implement is ignored by it
     */
    void driveInput(String controller, int intid, boolean asserted);

    /**
     * Drives an input that one processor has to itself, as {@link #driveInput} does for shared ones. Observers of
     * inputs are not shown private ones.
     *
     * @param controller slot of the interrupt controller
     * @param processor processor number
     * @param intid INTID of a private peripheral interrupt, 16 to 31
     * @param asserted the level of the outside's line
     * @throws IllegalArgumentException if there is no such slot, it holds no interrupt controller, it has no such
     *     processor, or the INTID is out of range
     */
    void drivePrivateInput(String controller, int processor, int intid, boolean asserted);

    /** {@return counters of the board's engine by name: transactions, aborts, time-outs, hand-overs} */
    Map<String, Long> counters();

    /** Receives changes of interrupt controller inputs. */
    @FunctionalInterface
    interface InputListener {
        /**
         * An input changed.
         *
         * @param intid INTID of the input
         * @param asserted its new level
         */
        void changed(int intid, boolean asserted);
    }

    /**
     * A range of the flat memory map.
     *
     * @param base first guest-physical address
     * @param size bytes
     * @param owner slot or RAM bank
     * @param region name of the region in it
     * @param kind {@code ram} or {@code mmio}
     */
    record MapEntry(long base, long size, String owner, String region, String kind) {}

    /** Recording of one initiator's accesses to the system bus. */
    @FunctionalInterface
    interface AccessRecorder {
        /**
         * An access was made.
         *
         * @param write whether it wrote
         * @param address guest-physical address
         * @param length bytes
         */
        void accessed(boolean write, long address, int length);
    }

    /**
     * Records what one initiator does on the system bus, from now on.
     *
     * @param initiator slot name, or name of a diagnostic port
     * @param recorder called on the thread that makes the access
     * @return ends the recording
     */
    AutoCloseable record(String initiator, AccessRecorder recorder);
}
