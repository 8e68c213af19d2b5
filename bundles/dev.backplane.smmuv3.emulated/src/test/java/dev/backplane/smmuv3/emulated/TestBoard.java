package dev.backplane.smmuv3.emulated;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.DeviceLog;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.RealizeException;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaAddressSpace;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciRequester;
import dev.backplane.time.VirtualClock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A board with nothing but memory and one SMMU. */
final class TestBoard implements DeviceContext, DeviceLog {
    final TestMemory memory;
    final List<String> pulses = Collections.synchronizedList(new ArrayList<>());
    final EmulatedSmmu smmu;
    private final MmioHandler registers;
    private final TestEpochs epochs = new TestEpochs();

    TestBoard(TestMemory memory, Map<String, ?> properties) throws RealizeException {
        this.memory = memory;
        var factory = new EmulatedSmmuFactory();
        var given = new HashMap<String, Object>(properties);
        given.putIfAbsent("primary-bus", "pcie.0");
        smmu = (EmulatedSmmu)
                factory.create(DeviceProperties.of(factory.type(), factory.properties(), given));
        smmu.realize(this);
        registers = smmu.describe().regions().getFirst().handler();
    }

    TestBoard(Map<String, ?> properties) throws RealizeException {
        this(new TestMemory(), properties);
    }

    void reset() {
        for (ResetPhase phase : ResetPhase.values()) {
            smmu.reset(ResetKind.COLD, phase);
        }
    }

    long read(long offset, int size) {
        TransactionContext context = context();
        registers.read(context, TransactionAttributes.NONE, offset, size);
        return context.data();
    }

    void write(long offset, int size, long value) {
        registers.write(context(), TransactionAttributes.NONE, offset, size, value);
    }

    DmaAddressSpace.Translating space() {
        var function = new PciRequester(
                new Bdf(0, 1, 0), new Bdf(0, 1, 0), "edu", PciRequester.Kind.EMULATED_ENDPOINT);
        return (DmaAddressSpace.Translating) smmu.iommuOps().addressSpace(function);
    }

    @Override
    public String slot() {
        return "smmu0";
    }

    @Override
    public DmaPort memory() {
        return memory;
    }

    @Override
    public InterruptLine line(String name) {
        return new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                pulses.add(name + "=" + asserted);
            }

            @Override
            public void pulse() {
                pulses.add(name);
            }
        };
    }

    @Override
    public VirtualClock clock() {
        throw new IllegalStateException("an SMMU needs no clock");
    }

    @Override
    public Epochs epochs() {
        return epochs;
    }

    @Override
    public void defer(Effect effect) {
        effect.run(context());
    }

    @Override
    public <T> Optional<T> linked(String link, Class<T> capability) {
        return Optional.empty();
    }

    @Override
    public <T> Optional<T> platform(Class<T> contract) {
        return Optional.empty();
    }

    @Override
    public DeviceLog log() {
        return this;
    }

    /** {@return the calling thread's context} */
    TestEpochs.Context context() {
        return epochs.context();
    }

    @Override
    public void guestError(String message) {
        // Guests of these tests err on purpose.
    }

    @Override
    public void unimplemented(String message) {
        // As above.
    }
}
