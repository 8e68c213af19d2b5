package dev.backplane.core.pci;

/** The bus below a bridge, with what the bridge's type 1 header says about it. Guarded by the lock of its segment. */
final class SecondaryBus extends PciBus {
    private static final int WINDOW_IO_GRANULE = 0xFFF;
    private static final int WINDOW_MEMORY_GRANULE = 0xF_FFFF;

    private final PciFunction bridge;

    SecondaryBus(PciFunction bridge) {
        super(bridge.slot());
        this.bridge = bridge;
    }

    PciFunction bridge() {
        return bridge;
    }

    @Override
    int number() {
        return bridge.registers().config().get(ConfigRegister.SECONDARY_BUS, 1);
    }

    int subordinate() {
        return bridge.registers().config().get(ConfigRegister.SUBORDINATE_BUS, 1);
    }

    @Override
    PciRootBus root() {
        return bridge.bus().root();
    }

    @Override
    int devices() {
        return bridge.layout().linkBelow() ? 1 : 32;
    }

    @Override
    boolean isAccessible() {
        return !inReset() && bridge.registers().isPowered();
    }

    boolean inReset() {
        int control = bridge.registers().config().get(ConfigRegister.BRIDGE_CONTROL, 2);
        return (control & ConfigRegister.BRIDGE_SECONDARY_RESET) != 0;
    }

    /** {@return whether the bridge passes configuration accesses for a bus on} */
    boolean claims(int wanted) {
        int secondary = number();
        return secondary != 0 && wanted >= secondary && (wanted == secondary || wanted <= subordinate());
    }

    /** {@return whether the bridge passes memory accesses to a range on, downwards} */
    boolean forwardsMemory(long first, long last) {
        return decodes(ConfigRegister.COMMAND_MEMORY) && (inMemoryWindow(first, last) || inPrefetchable(first, last));
    }

    private boolean inMemoryWindow(long first, long last) {
        ConfigSpace config = bridge.registers().config();
        long base = (config.getUnsigned(ConfigRegister.MEMORY_BASE, 2) & 0xFFF0) << 16;
        long limit = (config.getUnsigned(ConfigRegister.MEMORY_LIMIT, 2) & 0xFFF0) << 16 | WINDOW_MEMORY_GRANULE;
        return within(first, last, base, limit);
    }

    private boolean inPrefetchable(long first, long last) {
        ConfigSpace config = bridge.registers().config();
        long base = (config.getUnsigned(ConfigRegister.PREFETCHABLE_BASE, 2) & 0xFFF0) << 16
                | config.getUnsigned(ConfigRegister.PREFETCHABLE_BASE_UPPER, 4) << 32;
        long limit = (config.getUnsigned(ConfigRegister.PREFETCHABLE_LIMIT, 2) & 0xFFF0) << 16
                | WINDOW_MEMORY_GRANULE
                | config.getUnsigned(ConfigRegister.PREFETCHABLE_LIMIT_UPPER, 4) << 32;
        return within(first, last, base, limit);
    }

    /** {@return whether the bridge passes I/O accesses to a range on, downwards} */
    boolean forwardsIo(long first, long last) {
        ConfigSpace config = bridge.registers().config();
        long base = (config.getUnsigned(ConfigRegister.IO_BASE, 1) & 0xF0) << 8;
        long limit = (config.getUnsigned(ConfigRegister.IO_LIMIT, 1) & 0xF0) << 8 | WINDOW_IO_GRANULE;
        return decodes(ConfigRegister.COMMAND_IO) && within(first, last, base, limit);
    }

    private boolean decodes(int enable) {
        return (bridge.registers().config().get(ConfigRegister.COMMAND, 2) & enable) != 0 && isAccessible();
    }

    private static boolean within(long first, long last, long base, long limit) {
        return Long.compareUnsigned(first, base) >= 0 && Long.compareUnsigned(last, limit) <= 0;
    }
}
