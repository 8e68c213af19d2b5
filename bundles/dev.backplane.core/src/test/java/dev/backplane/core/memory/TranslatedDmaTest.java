package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.backplane.memory.DmaAddressSpace.Translating;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MemoryAttributes;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.memory.TransactionResult.Pending;
import dev.backplane.memory.Translation;
import dev.backplane.memory.Translation.Mapped;
import dev.backplane.memory.Translation.Terminated;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** DMA through the address space of an IOMMU. */
class TranslatedDmaTest extends BusBench {
    @Test
    void translatedBlocksGoPageByPage() {
        ram(1 << 20);
        DeviceGate iommu = gate(Duration.ofSeconds(5));
        iommu.open();
        Translating reversed = (c, attributes, iova, access) -> {
            long page = iova >>> 12;
            if (page >= 16) {
                return Terminated.ABORT;
            }
            return new Mapped(
                    page << 12, RAM + (15 - page << 12), 0xFFF, true, true, MemoryAttributes.INCOMING);
        };
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space(reversed, iommu);
        DmaPort dma = bus.port(route);
        byte[] data = new byte[0x2000];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) (i * 7);
        }
        assertThat(dma.write(context, 0xE80, MemorySegment.ofArray(data), 0, data.length)).isSameAs(Done.DONE);
        byte[] back = new byte[data.length];
        assertThat(dma.read(context, 0xE80, MemorySegment.ofArray(back), 0, back.length)).isSameAs(Done.DONE);
        assertThat(back).isEqualTo(data);
        port.read(context, RAM + 0xFE80, 1);
        assertThat(context.data()).isEqualTo(data[0] & 0xFF);
        dma.read(context, 0xFFE, 4);
        assertThat(context.data()).isEqualTo(word(data, 0x17E));
        assertThat(dma.write(context, 0xFFF8, MemorySegment.ofArray(data), 0, 64)).isSameAs(Fault.TRANSLATION_ABORT);
        route.enable(false);
        assertThat(dma.read(context, 0x0, 4)).isSameAs(Fault.BUS_MASTER_DISABLED);
    }

    private static long word(byte[] data, int at) {
        return data[at] & 0xFFL | (data[at + 1] & 0xFFL) << 8 | (data[at + 2] & 0xFFL) << 16 | (data[at + 3] & 0xFFL) << 24;
    }

    @Test
    void aPortWithASubstreamFollowsTheRequesterIdWhenBusesAreRenumbered() {
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(0x100));
        DmaPort substream = bus.port(route).with(TransactionAttributes.ofRequester(0x100).withSubstream(5));
        route.attributes(TransactionAttributes.ofRequester(0x200));
        assertThat(substream.attributes()).isEqualTo(TransactionAttributes.ofRequester(0x200).withSubstream(5));
    }

    @Test
    void aSplitScalarKeepsItsDataWhileItsFirstHalfStartsAnother() {
        ram(1 << 20);
        DeviceGate iommu = gate(Duration.ofSeconds(5));
        iommu.open();
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space((Translating) (c, attributes, iova, access) -> {
            long page = iova >>> 12;
            long output = page == 1 ? 0x1000 : RAM + (page - 2 << 12);
            return new Mapped(page << 12, output, 0xFFF, true, true, MemoryAttributes.INCOMING);
        }, iommu);
        DmaPort dma = bus.port(route);
        DeviceGate gate = gate(Duration.ofSeconds(5));
        MmioHandler starter = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long o, int size) {
                return Fault.SLAVE_ERROR;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int size, long v) {
                gate.defer(effect -> dma.write(effect, 0x3FFC, 8, 0x33333333_44444444L));
                return Done.DONE;
            }
        };
        map(starter, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(dma.write(context, 0x1FFC, 8, 0x11111111_22222222L)).isSameAs(Done.DONE);
        port.read(context, RAM, 4);
        assertThat(context.data()).isEqualTo(0x11111111L);
        port.read(context, RAM + 0x1FFC, 8);
        assertThat(context.data()).isEqualTo(0x33333333_44444444L);
    }

    @Test
    void stalledTransactionsGoOnAsSoftwareDecides() {
        ram(1 << 20);
        DeviceGate iommu = gate(Duration.ofSeconds(5));
        iommu.open();
        var resume = new AtomicReference<Consumer<Translation.Decision>>();
        var answer = new AtomicReference<Translation>(new Translation.Stalled(resume::set));
        var route = new DmaRoute("nic0", null, TransactionAttributes.ofRequester(8));
        route.space((Translating) (c, attributes, iova, access) -> answer.get(), iommu);
        DmaPort dma = bus.port(route);
        var ended = new AtomicReference<TransactionResult>();
        ((Pending) dma.write(context, 0x100, 4, 0x77)).ticket().whenDone((c, end) -> ended.set(end));
        answer.set(new Mapped(0, RAM, 0xFFF, true, true, MemoryAttributes.INCOMING));
        resume.get().accept(Translation.Decision.RETRY);
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Done.DONE));
        port.read(context, RAM + 0x100, 4);
        assertThat(context.data()).isEqualTo(0x77);

        answer.set(new Translation.Stalled(resume::set));
        ((Pending) dma.write(context, 0x100, 4, 0x88)).ticket().whenDone((c, end) -> ended.set(end));
        resume.get().accept(Translation.Decision.ABORT);
        await().untilAsserted(() -> assertThat(ended.get()).isSameAs(Fault.TRANSLATION_ABORT));
    }
}
