package dev.backplane.gicv3.fake;

import dev.backplane.gicv3.GicV3Factory;
import dev.backplane.gicv3.ItsFactory;
import dev.backplane.gicv3.gic.GicV3;
import dev.backplane.gicv3.its.Its;
import dev.backplane.irq.InterruptInspection.PendingInterrupt;
import dev.backplane.irq.LpiController;
import dev.backplane.memory.TransactionAttributes;
import java.util.List;

/** A GIC with an ITS and the software that drives them: tables at fixed places, commands into the queue. */
public final class Guest {
    /** Where software puts its tables. */
    public static final long QUEUE = 0x4000_0000L;

    public static final long DEVICES = 0x4010_0000L;
    public static final long COLLECTIONS = 0x4020_0000L;
    public static final long CONFIGURATIONS = 0x4030_0000L;
    public static final long PENDING = 0x4040_0000L;
    public static final long ITT = 0x4100_0000L;

    private static final long VALID = 1L << 63;

    public final FakeRam ram = new FakeRam(FakeBoard.RAM_END);
    public final GicV3 gic;
    public final FakeBoard gicBoard = new FakeBoard(ram, null);
    public Its its;
    public FakeBoard board;
    private final int queueBytes;
    private long queue = QUEUE;
    private int tail;

    /** Makes them, in reset, with a queue of one page. */
    public Guest(int processors) {
        this(processors, 1, 0);
    }

    /** Makes them, in reset. */
    public Guest(int processors, int queuePages, int hardwareCollections) {
        var factory = new GicV3Factory();
        gic = FakeBoard.realized(
                (GicV3) factory.create(FakeBoard.properties(factory.properties(), "num-cpu", (long) processors)),
                gicBoard);
        queueBytes = queuePages * 4096;
        newIts(hardwareCollections);
    }

    /** Puts a fresh ITS in place that has its queue and tables elsewhere, enabled; the one before stays. */
    public void secondIts() {
        newIts(0);
        queue = QUEUE + 0x8000;
        tail = 0;
        its(0x80, 8, VALID | queue | queueBytes / 4096 - 1);
        its(0x100, 8, VALID | DEVICES + 0x200_0000 | 2 << 8);
        its(0x108, 8, VALID | COLLECTIONS + 0x200_0000 | 2 << 8);
        its(0, 4, 1);
    }

    /** Puts a fresh ITS in place that gives its LPIs to something else. */
    public void linkItsTo(LpiController other) {
        board = new FakeBoard(ram, other);
        var factory = new ItsFactory();
        its = FakeBoard.realized((Its) factory.create(FakeBoard.properties(factory.properties())), board);
    }

    /** Puts a fresh ITS in place. */
    public Its newIts(int hardwareCollections) {
        var factory = new ItsFactory();
        board = new FakeBoard(ram, gic);
        its = FakeBoard.realized(
                (Its) factory.create(FakeBoard.properties(
                        factory.properties(), "hardware-collections", (long) hardwareCollections)),
                board);
        return its;
    }

    /** Enables LPIs at every redistributor, each LPI enabled with priority 0xa0. */
    public Guest withLpis() {
        for (long intid = 8192; intid < 1 << 16; intid += 8) {
            ram.word(CONFIGURATIONS + intid - 8192, 0xA1A1_A1A1_A1A1_A1A1L);
        }
        for (int processor = 0; processor < gic.processors(); processor++) {
            gicr(processor, 0x70, 8, CONFIGURATIONS | 0xF);
            gicr(processor, 0x78, 8, PENDING + processor * 0x10000L);
            gicr(processor, 0x00, 4, 1);
        }
        return this;
    }

    /** Lets a processor take group 1 interrupts. */
    public void wake(int processor) {
        gicBoard.write(gic, "gicd", 0, 4, 2);
        gicr(processor, 0x14, 4, 0);
        gic.setPriorityMask(gicBoard.context(), processor, 0xFF);
        gic.setGroupEnable(gicBoard.context(), processor, 1, true);
    }

    /** {@return the group 1 interrupt that a processor would take now} */
    public int highest(int processor) {
        return gic.highestPending(gicBoard.context(), processor, 1);
    }

    /** Gives the ITS its queue and flat tables of 64 KiB, and enables it. */
    public Guest withIts() {
        its(0x80, 8, VALID | QUEUE | queueBytes / 4096 - 1);
        its(0x100, 8, VALID | DEVICES | 2 << 8);
        its(0x108, 8, VALID | COLLECTIONS | 2 << 8);
        its(0, 4, 1);
        return this;
    }

    /** Writes a register of a redistributor. */
    public void gicr(int processor, long offset, int size, long value) {
        gicBoard.write(gic, "gicr", processor * 0x20000L + offset, size, value);
    }

    /** Writes a register of the ITS. */
    public void its(long offset, int size, long value) {
        board.write(its, "its", offset, size, value);
    }

    /** Reads a 64-bit register of the ITS. */
    public long its(long offset) {
        return board.read(its, "its", offset, 8);
    }

    /** Puts a command into the queue without telling the ITS. */
    public void queue(long... words) {
        for (int i = 0; i < 4; i++) {
            ram.word(queue + tail + 8L * i, words[i]);
        }
        tail = (tail + 32) % queueBytes;
    }

    /** Tells the ITS about queued commands. */
    public void submit() {
        its(0x88, 8, tail);
    }

    /** Queues a command and tells the ITS. */
    public void command(long... words) {
        queue(words);
        submit();
    }

    public int tail() {
        return tail;
    }

    public void mapd(long deviceId, long itt, int eventBits, boolean valid) {
        command(deviceId << 32 | 0x08, eventBits - 1, itt | (valid ? VALID : 0), 0);
    }

    public void mapc(int icid, long processor, boolean valid) {
        command(0x09, 0, icid | processor << 16 | (valid ? VALID : 0), 0);
    }

    public void mapti(long deviceId, long eventId, long intid, int icid) {
        command(deviceId << 32 | 0x0A, intid << 32 | eventId, icid, 0);
    }

    public void mapi(long deviceId, long eventId, int icid) {
        command(deviceId << 32 | 0x0B, eventId, icid, 0);
    }

    public void movi(long deviceId, long eventId, int icid) {
        command(deviceId << 32 | 0x01, eventId, icid, 0);
    }

    public void movall(long from, long to) {
        command(0x0E, 0, from << 16, to << 16);
    }

    public void invall(int icid) {
        command(0x0D, 0, icid, 0);
    }

    /** Queues one of DISCARD, INV, INT and CLEAR. */
    public void onEvent(int opcode, long deviceId, long eventId) {
        command(deviceId << 32 | opcode, eventId, 0, 0);
    }

    /** Sends a message as a PCI function does. */
    public void msi(int deviceId, long eventId) {
        write(TransactionAttributes.ofRequester(deviceId), 0x10040, 4, eventId);
    }

    /** Writes to the ITS with attributes. */
    public void write(TransactionAttributes attributes, long offset, int size, long value) {
        FakeBoard.region(its, "its").handler().write(board.context(), attributes, offset, size, value);
    }

    /** {@return pending interrupts as "processor:INTID"} */
    public List<String> pending() {
        return gic.pending().stream().map(Guest::name).toList();
    }

    private static String name(PendingInterrupt pending) {
        return pending.processor() + ":" + pending.intid();
    }

    /** {@return the count of an error of the ITS, by name} */
    public long errors(String name) {
        for (var group : its.errors().children()) {
            var count = group.child(name);
            if (count != null) {
                return Long.parseLong(count.value());
            }
        }
        return 0;
    }

    /** {@return how a message is routed, as "processor:INTID", or "dropped"} */
    public String route(int deviceId, int eventId) {
        var route = its.route(deviceId, eventId);
        return route.intid().isEmpty()
                ? "dropped"
                : route.processor().getAsInt() + ":" + route.intid().getAsInt();
    }
}
