package dev.backplane.itest.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Commands for an SMMU, one after the other through a ring that wraps. One that is in error is put right and the error
 * acknowledged, as a driver does, so that each command is a step of its own.
 *
 * @param bits log2 of the ring's size
 * @param commands the commands, two words each
 */
record CommandScene(int bits, List<long[]> commands) {
    private static final int[] CODES = {
        0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x10, 0x11, 0x12, 0x13, 0x18, 0x1A, 0x20, 0x21, 0x22, 0x23, 0x28,
        0x2A, 0x30, 0x40, 0x41, 0x44, 0x45, 0x46, 0x46, 0x46, 0x50, 0x60, 0x70,
    };
    private static final int CMDQ_ERR = 1;

    /**
     * What a command showed.
     *
     * @param index where the queue stood after it, and after it was put right
     * @param code CMDQ_CONS.ERR, 0 without an active error
     * @param active active errors
     * @param lines interrupt lines that went up
     */
    record Step(long index, long code, long active, Set<Integer> lines) {}

    static CommandScene make(long seed, int number) {
        var dice = new Dice(seed, number);
        var commands = new ArrayList<long[]>();
        int count = 4 + dice.below(28);
        for (int i = 0; i < count; i++) {
            commands.add(command(dice));
        }
        return new CommandScene(1 + dice.below(5), List.copyOf(commands));
    }

    private static long[] command(Dice dice) {
        int code = dice.oneIn(8) ? dice.below(256) : CODES[dice.below(CODES.length)];
        long first = dice.oneIn(4) ? dice.bits(64) & ~0xFFL | code : code | dice.bits(32) << 32;
        long second = dice.bits(64);
        switch (dice.below(4)) {
            case 0 -> second &= ~0xFFFL;
            case 1 -> second &= ~0xFFFL | 1;
            case 2 -> {
                first |= dice.bits(5) << 12 | dice.bits(6) << 20;
                second = second & ~0xFFFL | dice.bits(1) | dice.bits(2) << 8 | dice.bits(2) << 10;
            }
            default -> {
                // As they fall.
            }
        }
        return new long[] {first, second};
    }

    static List<Step> play(Peer machine, CommandScene scene) throws IOException {
        if (machine.prepareOnce()) {
            machine.interceptInterrupts("arm-gicv3");
        }
        long smmu = SmmuPlay.SMMU;
        machine.write32(smmu + SmmuPlay.CR0, 0)
                .write64(smmu + SmmuPlay.CMDQ_BASE, SmmuScene.COMMANDS | scene.bits())
                .write32(smmu + SmmuPlay.CMDQ_PROD, 0)
                .write32(smmu + SmmuPlay.CMDQ_CONS, 0)
                .write32(smmu + SmmuPlay.IRQ_CTRL, 5)
                .write32(smmu + SmmuPlay.CR0, 8)
                .flush();
        machine.raisedLines();
        var steps = new ArrayList<Step>();
        int mask = (2 << scene.bits()) - 1;
        int producer = 0;
        for (long[] command : scene.commands()) {
            long slot = SmmuScene.COMMANDS + 16L * (producer & mask >>> 1);
            producer = producer + 1 & mask;
            long[] after = machine.bytes(slot, bytes(command))
                    .write32(smmu + SmmuPlay.CMDQ_PROD, producer)
                    .read32(smmu + SmmuPlay.CMDQ_CONS)
                    .read32(smmu + SmmuPlay.GERROR)
                    .read32(smmu + SmmuPlay.GERRORN)
                    .flush();
            long active = after[1] ^ after[2];
            if ((active & CMDQ_ERR) != 0) {
                machine.bytes(slot, bytes(new long[] {0x46, 0})).write32(smmu + SmmuPlay.GERRORN, after[1]);
            }
            long[] settled = machine.read32(smmu + SmmuPlay.CMDQ_CONS).flush();
            steps.add(new Step(settled[0] & mask, (active & CMDQ_ERR) != 0 ? after[0] >>> 24 & 0x7F : 0, active,
                    machine.raisedLines()));
        }
        return steps;
    }

    private static byte[] bytes(long[] words) {
        return ByteBuffer.allocate(16).order(ByteOrder.LITTLE_ENDIAN).putLong(words[0]).putLong(words[1]).array();
    }

    int code(int step) {
        return (int) commands.get(step)[0] & 0xFF;
    }

    @Override
    public String toString() {
        var text = new StringBuilder("ring of 2^%d%n".formatted(bits));
        for (int i = 0; i < commands.size(); i++) {
            text.append("  %d: %016x %016x%n".formatted(i, commands.get(i)[0], commands.get(i)[1]));
        }
        return text.toString();
    }
}
