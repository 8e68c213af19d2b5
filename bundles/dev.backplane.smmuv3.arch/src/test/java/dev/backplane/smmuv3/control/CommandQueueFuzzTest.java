package dev.backplane.smmuv3.control;

import static dev.backplane.smmuv3.control.Bench.*;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.smmuv3.spec.EventType;
import dev.backplane.smmuv3.translate.CacheSizes;
import dev.backplane.smmuv3.translate.SmmuEvent;
import dev.backplane.smmuv3.translate.SmmuTranslator;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Any bytes in the command queue and in registers, in any order, end in an architectural state: a program of writes is
 * read from the bytes, and after each the registers must say what IHI 0070 says of them.
 */
class CommandQueueFuzzTest {
    private static final int ILL = 1;
    private static final int ABT = 2;
    private static final int MOST_STEPS = 200;

    @MethodSource("seeds")
    @FuzzTest
    void anyProgramEndsInAnArchitecturalState(byte[] data) {
        ByteBuffer in = ByteBuffer.wrap(data == null ? new byte[0] : data).order(ByteOrder.LITTLE_ENDIAN);
        boolean full = in.hasRemaining() && (in.get() & 1) == 0;
        SmmuIdentity identity =
                (full ? IdentityProfile.FULL : IdentityProfile.VIRT_11_1).identity(SmmuOptions.DEFAULT);
        var bench = new Bench(identity);
        var translator = new SmmuTranslator(identity.capabilities(), bench.memory, bench.control, new CacheSizes(4, 4));
        var backend = new TranslatorBackend(identity, translator);
        bench.onCommand = (code, command) -> backend.execute(bench.context(), code, command);
        // CMDQ_CONS takes what software writes while the queue is disabled, ERR included (section 6.3.28).
        long written = 0;
        for (int step = 0; step < MOST_STEPS && in.remaining() >= 10; step++) {
            act(bench, translator, in);
            translator.configure(bench.configuration == null ? translator.configuration() : bench.configuration);
            check(bench, written);
            if ((bench.read(CR0) & CMDQEN) == 0) {
                written = error(bench);
            }
        }
        bench.control.inspectCommands(bench.context());
        bench.control.inspectEvents(bench.context());
        assertThat(bench.control.inspectCounters()).extracting(InspectNode::name).contains("commands", "events");
    }

    private static void act(Bench bench, SmmuTranslator translator, ByteBuffer in) {
        int action = in.get() & 0xFF;
        int where = in.get() & 0xFF;
        long value = in.getLong();
        switch (action & 7) {
            case 0, 1 -> bench.write(where * 4 & -8 | (action & 8) >>> 1, 4, value & 0xFFFF_FFFFL);
            case 2 -> bench.write((where & 0x80) == 0 ? where * 8 : 0x100A8 + (where & 4), (where & 0x80) == 0 ? 8 : 4,
                    (where & 0x80) == 0 ? value : value & 0xFFFF_FFFFL);
            case 3 -> bench.command(where & 31, value, in.remaining() >= 8 ? in.getLong() : 0);
            case 4 -> bench.write(CMDQ_PROD, 4, where);
            case 5 -> bench.write(GERRORN, 4, bench.read(GERROR));
            case 6 -> bench.control.record(bench.context(), SmmuEvent.configuration(
                    EventType.values()[where % EventType.values().length], (int) value, (int) (value >>> 44)));
            default -> {
                bench.memory.abortsFrom((action & 0x80) == 0 ? 1L << 40 : COMMANDS + 16L * (where & 31));
                var attributes = TransactionAttributes.ofRequester(where);
                assertThat(translator.translate(bench.context(), attributes, value, AccessKind.READ)).isNotNull();
            }
        }
    }

    private static long error(Bench bench) {
        return bench.read(CMDQ_CONS) >>> 24 & 0x7F;
    }

    private static void check(Bench bench, long written) {
        assertThat(bench.read(CR0ACK)).as("CR0ACK").isEqualTo(bench.read(CR0));
        assertThat(bench.read(CR0) & ~0xDL).as("RES0 of CR0").isZero();
        assertThat(bench.read(IRQ_CTRLACK)).as("IRQ_CTRLACK").isEqualTo(bench.read(IRQ_CTRL));
        assertThat(bench.read(GERROR) & ~0x105L).as("RES0 of GERROR").isZero();
        assertThat(bench.read(GBPA) >>> 31).as("GBPA.UPDATE").isZero();
        boolean enabled = (bench.read(CR0) & CMDQEN) != 0;
        boolean failed = (bench.activeErrors() & 1) != 0;
        long size = Math.min(bench.read(CMDQ_BASE) & 0x1F, 19);
        long mask = (2L << size) - 1;
        if (enabled && !failed) {
            assertThat(bench.read(CMDQ_CONS) & mask).as("an enabled queue runs dry").isEqualTo(
                    bench.read(CMDQ_PROD) & mask);
        }
        if (enabled && failed) {
            assertThat(error(bench)).as("CMDQ_CONS.ERR").isIn((long) ILL, (long) ABT, written);
        }
    }

    static Stream<byte[]> seeds() {
        ByteBuffer enable = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        enable.put((byte) 0);
        write64(enable, CMDQ_BASE, COMMANDS | 4);
        write64(enable, EVENTQ_BASE, EVENTS | 3);
        write64(enable, STRTAB_BASE, 0x30_0000L);
        for (int opcode : new int[] {0x03, 0x12, 0x2A, 0x30, 0x46, 0xFF}) {
            enable.put((byte) 3).put((byte) opcode).putLong(opcode).putLong(0x1000);
        }
        enable.put((byte) 0).put((byte) (CR0 / 4)).putLong(0xD);
        enable.put((byte) 4).put((byte) 16).putLong(0);
        enable.put((byte) 5).put((byte) 0).putLong(0);
        ByteBuffer written = ByteBuffer.allocate(256).order(ByteOrder.LITTLE_ENDIAN);
        written.put((byte) 0);
        write64(written, CMDQ_BASE, COMMANDS | 4);
        written.put((byte) 3).put((byte) 0).putLong(0xFF).putLong(0);
        written.put((byte) 0).put((byte) (CR0 / 4)).putLong(0xD);
        written.put((byte) 4).put((byte) 16).putLong(0);
        written.put((byte) 0).put((byte) (CR0 / 4)).putLong(0);
        written.put((byte) 8).put((byte) (CMDQ_CONS / 4)).putLong(0x2000_0000L);
        written.put((byte) 0).put((byte) (CR0 / 4)).putLong(0xD);
        return Stream.of(enable.array(), written.array(), new byte[] {1});
    }

    private static void write64(ByteBuffer program, int offset, long value) {
        program.put((byte) 2).put((byte) (offset / 8)).putLong(value);
    }
}
