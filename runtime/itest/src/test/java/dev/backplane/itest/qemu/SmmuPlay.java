package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.SmmuScene.Transfer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;

/** Plays a scene on a machine with the test device in slot 1 and {@code edu} in slot 2. */
final class SmmuPlay {
    static final String MACHINE = "-machine virt,acpi=off,gic-version=3,iommu=smmuv3 -smp 1 -m 512 -cpu max -net none"
            + " -device iommu-testdev,addr=1 -device edu,addr=2,dma_mask=0xffffffffffffffff";
    static final long SMMU = 0x0905_0000L;
    static final int CR0 = 0x20;
    static final int CR1 = 0x28;
    static final int CR2 = 0x2C;
    static final int GBPA = 0x44;
    static final int IRQ_CTRL = 0x50;
    static final int GERROR = 0x60;
    static final int GERRORN = 0x64;
    static final int STRTAB_BASE = 0x80;
    static final int STRTAB_BASE_CFG = 0x88;
    static final int CMDQ_BASE = 0x90;
    static final int CMDQ_PROD = 0x98;
    static final int CMDQ_CONS = 0x9C;
    static final int EVENTQ_BASE = 0xA0;
    static final int EVENTQ_PROD = 0x100A8;
    static final int EVENTQ_CONS = 0x100AC;

    private static final int QUEUE_BITS = 6;
    private static final int QUEUE = 1 << QUEUE_BITS;
    private static final long RAM = 0x4000_0000L;
    private static final long ECAM = 0x40_1000_0000L;
    private static final long TEST_DEVICE_BAR = 0x1000_0000L;
    private static final long EDU_BAR = 0x1010_0000L;
    private static final long EDU_BUFFER = 0x40000;
    private static final int PATTERN = 0x1234_5678;
    /** Never in the buffer of {@code edu}. */
    private static final int UNTOUCHED = 0x2B2B_2B2B;
    /** Longer than a transfer takes. */
    private static final int EDU_NANOSECONDS = 200_000_000;

    private SmmuPlay() {}

    static List<SmmuStep> play(Peer machine, SmmuScene scene) throws IOException {
        // A linear stream table after a 2-level one takes the peer a reset.
        if (scene.number == 0 || !scene.twoLevel && machine.lastWasTwoLevel()) {
            machine.reset();
        }
        machine.lastWasTwoLevel(scene.twoLevel);
        if (machine.prepareOnce()) {
            place(machine);
        }
        machine.raisedLines();
        scene.image.upload(machine);
        program(machine, scene);
        machine.flush();
        var steps = new ArrayList<SmmuStep>();
        int consumed = 0;
        for (Transfer transfer : scene.transfers) {
            if (scene.change != null && steps.size() == scene.transfers.size() - 1) {
                apply(machine, scene.change);
            }
            long result = transfer.edu() ? edu(machine, transfer) : testDevice(machine, transfer);
            long[] after = machine.read32(SMMU + EVENTQ_PROD).read32(SMMU + GERROR).read32(SMMU + GERRORN).flush();
            var events = new ArrayList<EventRecord>();
            int produced = (int) after[0] & 2 * QUEUE - 1;
            while (consumed != produced && events.size() < QUEUE) {
                events.add(event(machine, consumed));
                consumed = consumed + 1 & 2 * QUEUE - 1;
            }
            machine.write32(SMMU + EVENTQ_CONS, consumed).flush();
            steps.add(new SmmuStep(result, events, after[0] >>> 31 == 1, after[1] ^ after[2], machine.raisedLines()));
        }
        scene.image.erase(machine);
        machine.flush();
        return steps;
    }

    /** Programs the base addresses of both devices. */
    static void place(Peer machine) throws IOException {
        for (int slot = 1; slot <= 2; slot++) {
            long config = ECAM + ((long) slot << 15);
            machine.write32(config + 0x10, slot == 1 ? TEST_DEVICE_BAR : EDU_BAR).write(2, config + 4, 6);
        }
        // Where the peer has put a device tree.
        machine.post("memset 0x%x 0x%x 0", RAM, 2 << 20);
        machine.flush();
        machine.interceptInterrupts("arm-gicv3");
    }

    private static void program(Peer machine, SmmuScene scene) {
        machine.write32(SMMU + CR0, 0)
                .write32(SMMU + GBPA, 1L << 31 | scene.gbpa)
                .write32(SMMU + CR1, 0xD75)
                .write32(SMMU + CR2, scene.cr2)
                .write64(SMMU + STRTAB_BASE, scene.tableBase)
                .write32(SMMU + STRTAB_BASE_CFG, (scene.twoLevel ? 1 << 16 : 0) | scene.split << 6 | scene.log2Size)
                .write64(SMMU + CMDQ_BASE, SmmuScene.COMMANDS | QUEUE_BITS)
                .write32(SMMU + CMDQ_PROD, 0)
                .write32(SMMU + CMDQ_CONS, 0)
                .write64(SMMU + EVENTQ_BASE, SmmuScene.EVENTS | QUEUE_BITS)
                .write32(SMMU + EVENTQ_PROD, 0)
                .write32(SMMU + EVENTQ_CONS, 0)
                .write32(SMMU + IRQ_CTRL, 5)
                .write32(SMMU + CR0, 8)
                .bytes(SmmuScene.COMMANDS, commands())
                .write32(SMMU + CMDQ_PROD, 3)
                .write32(SMMU + CR0, scene.cr0);
    }

    private static void apply(Peer machine, SmmuChange change) {
        machine.write64(change.address(), change.word());
        int producer = 3;
        for (long[] command : change.commands()) {
            long slot = SmmuScene.COMMANDS + 16L * producer++;
            machine.write64(slot, command[0]).write64(slot + 8, command[1]);
        }
        machine.write32(SMMU + CMDQ_PROD, producer);
    }

    /** CMD_CFGI_ALL, CMD_TLBI_NSNH_ALL, CMD_SYNC. */
    private static byte[] commands() {
        ByteBuffer words = ByteBuffer.allocate(48).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : new long[] {0x04, 31, 0x30, 0, 0x46, 0}) {
            words.putLong(word);
        }
        return words.array();
    }

    private static EventRecord event(Peer machine, int index) throws IOException {
        long address = SmmuScene.EVENTS + 32L * (index & QUEUE - 1);
        LongBuffer words =
                ByteBuffer.wrap(machine.readBytes(address, 32)).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
        return new EventRecord(words.get(0), words.get(1), words.get(2), words.get(3));
    }

    private static long testDevice(Peer machine, Transfer transfer) throws IOException {
        long[] values = machine.write32(transfer.data(), 0)
                .write32(TEST_DEVICE_BAR + 0x04, transfer.iova())
                .write32(TEST_DEVICE_BAR + 0x08, transfer.iova() >>> 32)
                .write32(TEST_DEVICE_BAR + 0x0C, transfer.length())
                .write32(TEST_DEVICE_BAR + 0x1C, transfer.data())
                .write32(TEST_DEVICE_BAR + 0x20, transfer.data() >>> 32)
                .write32(TEST_DEVICE_BAR + 0x18, 1 << 1 | 1 << 3)
                .write32(TEST_DEVICE_BAR + 0x14, 1)
                .read32(TEST_DEVICE_BAR)
                .read32(TEST_DEVICE_BAR + 0x10)
                .flush();
        return values[1];
    }

    /** Has the test device write four bytes to address 0. */
    static void trigger(Peer machine) throws IOException {
        testDevice(machine, new Transfer(false, false, 0, RAM, 4));
    }

    /** Moves bytes to or from the device's buffer, which nobody can see: a transfer to memory clears what was there. */
    private static long edu(Peer machine, Transfer transfer) throws IOException {
        boolean read = transfer.read();
        int before = read ? PATTERN : UNTOUCHED;
        long[] values = machine.write32(transfer.data(), before)
                .write64(EDU_BAR + 0x80, read ? transfer.iova() : EDU_BUFFER)
                .write64(EDU_BAR + 0x88, read ? EDU_BUFFER : transfer.iova())
                .write64(EDU_BAR + 0x90, transfer.length())
                .write64(EDU_BAR + 0x98, read ? 1 : 3)
                .post("clock_step %d", EDU_NANOSECONDS)
                .read(8, EDU_BAR + 0x98)
                .read32(transfer.data())
                .flush();
        return values[0] << 32 | (values[1] == before ? 1 : 0);
    }
}
