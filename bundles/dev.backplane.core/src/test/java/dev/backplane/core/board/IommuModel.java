package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.core.slot.FactoryCondition;
import dev.backplane.core.slot.Offer;
import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.Translation;
import dev.backplane.pci.HostIommuDevice;
import dev.backplane.pci.MsiDoorbell;
import dev.backplane.pci.PciIommu;
import dev.backplane.pci.PciIommuOps;
import dev.backplane.pci.PciRequester;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** An IOMMU that adds an offset to every address, notes what is told it of host devices, and refuses on demand. */
final class IommuModel implements PlatformDevice, PciIommu, PciIommuOps, DmaAddressSpace.Translating {
    static final String TYPE = "iommu";

    private final Factory factory;
    private final int number;
    private boolean gone;

    IommuModel(Factory factory) {
        this.factory = factory;
        number = ++factory.made;
    }

    /** Makes them. */
    static final class Factory implements DeviceFactory {
        final List<String> journal = new ArrayList<>();
        final Map<Integer, String> devices = new TreeMap<>();
        /** The number of the model that had a device last. */
        final Map<Integer, Integer> holders = new TreeMap<>();
        final Set<ViommuFlag> flags = EnumSet.noneOf(ViommuFlag.class);
        /** Whether a device that comes is let pass; null to say nothing, which only one without nesting may. */
        Boolean says;

        /** Whether a device that leaves is let pass, as models of SMMUs do. */
        boolean lettingPass;

        final Map<Integer, HostIommuDevice> passing = new TreeMap<>();
        String refusal = "";

        /** Whether it says nothing although it wants a nesting parent. */
        boolean silent;

        String supports = "";
        Runnable onSave = () -> {};
        MsiDoorbell doorbell = MsiDoorbell.Translate.TRANSLATE;
        boolean untranslated;
        /** What the answer to a question for an address space is instead, when it is not null. */
        RuntimeException spaceless;
        /** Done before an address space is answered. */
        volatile Runnable onSpace = () -> {};
        Long offset = 0L;
        int translations;
        private int made;

        Offer offer(long id) {
            return offer(id, "");
        }

        Offer offer(long id, String when) {
            return new Offer(
                    id, id, (int) id, IommuModel.TYPE, id, "iommu [" + id + "]", this, FactoryCondition.of(when));
        }

        @Override
        public String type() {
            return IommuModel.TYPE;
        }

        @Override
        public String description() {
            return "an IOMMU";
        }

        @Override
        public List<PropertyDescriptor> properties() {
            return List.of(PropertyDescriptor.of(PRIMARY_BUS, PropertyType.LINK, "", "root bus"));
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            return new IommuModel(this);
        }
    }

    private void note(String what, Object... details) {
        if (gone) {
            factory.journal.add("%d is gone and asked to %s".formatted(number, what));
            throw new AssertionError("a model that was disposed of is asked to " + what);
        }
        factory.journal.add(number + " " + what.formatted(details));
    }

    @Override
    public PciIommuOps iommuOps() {
        return this;
    }

    @Override
    public Optional<String> supportsAddressSpace(PciRequester function) {
        factory.journal.add("supports " + function.kind());
        return factory.supports.isEmpty() ? Optional.empty() : Optional.of(factory.supports);
    }

    @Override
    public DmaAddressSpace addressSpace(PciRequester function) {
        factory.onSpace.run();
        if (factory.spaceless != null) {
            throw factory.spaceless;
        }
        return factory.untranslated ? DmaAddressSpace.SystemBus.DIRECT : this;
    }

    @Override
    public Set<ViommuFlag> viommuFlags() {
        return Set.copyOf(factory.flags);
    }

    @Override
    public Optional<String> setIommuDevice(PciRequester function, HostIommuDevice device) {
        note("set %s %s", function.address(), device.hostName());
        if (!factory.refusal.isEmpty()) {
            return Optional.of(factory.refusal);
        }
        if (factory.says == null && !factory.silent && factory.flags.contains(ViommuFlag.WANT_NESTING_PARENT)) {
            Optional<String> trouble = device.pass();
            if (trouble.isPresent()) {
                return trouble;
            }
        }
        factory.holders.put(function.alias().requesterId(), number);
        factory.passing.put(function.alias().requesterId(), device);
        if (factory.says != null) {
            assertThat(factory.says ? device.pass() : device.block()).isEmpty();
        }
        String there = factory.devices.putIfAbsent(function.alias().requesterId(), device.hostName());
        return there == null || there.equals(device.hostName())
                ? Optional.empty()
                : Optional.of("%s has a device".formatted(function.address()));
    }

    @Override
    public void unsetIommuDevice(PciRequester function) {
        note("unset %s", function.address());
        int id = function.alias().requesterId();
        if (factory.holders.get(id) <= number && factory.devices.remove(id) == null) {
            throw new AssertionError("%s has no device".formatted(function.address()));
        }
        if (factory.lettingPass) {
            assertThat(factory.passing.get(id).pass()).isEmpty();
        }
    }

    @Override
    public MsiDoorbell msiDoorbell(PciRequester function) {
        return factory.doorbell;
    }

    @Override
    public Translation translate(
            TransactionContext context, TransactionAttributes attributes, long iova, AccessKind access) {
        factory.translations++;
        return factory.offset == null
                ? Translation.Terminated.ABORT
                : new Translation.Mapped(
                        iova & -4096, (iova & -4096) + factory.offset, 4095, true, true, MemoryAttributes.INCOMING);
    }

    @Override
    public PlatformDescription describe() {
        return new PlatformDescription(List.of(), List.of());
    }

    @Override
    public void realize(DeviceContext context) {}

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {}

    @Override
    public void quiesce() {}

    @Override
    public void resume() {}

    @Override
    public SavedState save() {
        factory.onSave.run();
        return new SavedState(TYPE, 1, Map.of());
    }

    @Override
    public void restore(SavedState state) {}

    @Override
    public void unrealize() {
        gone = true;
    }
}
