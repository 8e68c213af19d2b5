package dev.backplane.core.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.MachineDefinition.RamBank;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Done;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Accesses to RAM and to regions, and those who watch them. */
class SystemBusTest extends BusBench {
    @Test
    void expectsNoHoldsWhenItHasEnded() {
        bus.close();
        assertThatCode(bus::expectHolds).doesNotThrowAnyException();
    }

    @Test
    void blocksAndScalarsShareLittleEndianRam() {
        ram(1 << 20);
        var source = MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9});
        assertThat(port.write(context, RAM + 3, source, 1, 8)).isSameAs(Done.DONE);
        assertThat(port.read(context, RAM + 3, 4)).isSameAs(Done.DONE);
        assertThat(context.data()).isEqualTo(0x05040302L);
        assertThat(port.load64(context, RAM + 8)).isSameAs(Done.DONE);
        assertThat(context.data()).isEqualTo(0x090807L);
        assertThat(port.compareAndExchange64(context, RAM + 8, 0x090807L, 7)).isSameAs(Done.DONE);
        assertThat(context.data()).isEqualTo(0x090807L);
        port.compareAndExchange64(context, RAM + 8, 1, 9);
        assertThat(context.data()).isEqualTo(7);
    }

    @Test
    void aRecorderThatThrowsIsEndedAndBlamedOnNobody() throws Exception {
        ram(1 << 20);
        DeviceGate own = gate(Duration.ofSeconds(5));
        own.open();
        DmaPort device = bus.port("nic", own, TransactionAttributes.NONE);
        var calls = new ArrayList<Long>();
        bus.record("nic", (write, address, length) -> {
            calls.add(address);
            throw new IllegalStateException("full");
        });
        own.locked(context, () -> {
            assertThat(device.write(context, RAM, 4, 1)).isSameAs(Done.DONE);
            assertThat(device.write(context, RAM + 4, 4, 1)).isSameAs(Done.DONE);
        });
        assertThat(own.isOpen()).isTrue();
        assertThat(calls).containsExactly(RAM);
        bus.record("nic", (write, address, length) -> {}).close();
    }

    @Test
    void unassignedAddressesAreDecodeErrors() {
        ram(1 << 20);
        assertThat(port.read(context, 0x1000, 4)).isSameAs(Fault.DECODE_ERROR);
        var buffer = MemorySegment.ofArray(new byte[16]);
        assertThat(port.read(context, RAM + (1 << 20) - 8, buffer, 0, 16)).isSameAs(Fault.DECODE_ERROR);
        assertThat(port.read(context, RAM + (1 << 20) - 4, 8)).isSameAs(Fault.DECODE_ERROR);
        assertThat(bus.counters().get("decode-errors")).isEqualTo(3);
    }

    @Test
    void accessesCrossFromRamIntoADevice() {
        ram(1 << 20);
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(5));
        map(words, RAM + (1 << 20), 1, 4, gate);
        gate.open();
        var data = MemorySegment.ofArray(new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
        assertThat(port.write(context, RAM + (1 << 20) - 4, data, 0, 11)).isSameAs(Done.DONE);
        assertThat(words.accesses).containsExactly("W4@0=8070605", "W2@4=a09", "W1@6=b");
        assertThat(port.write(context, RAM + (1 << 20) - 4, 8, 0x1122334455667788L)).isSameAs(Done.DONE);
        assertThat(words.accesses).endsWith("W4@0=11223344");
    }

    @Test
    void sizesThatARegionDoesNotTakeAreSplitOrRefused() {
        var words = new Words();
        DeviceGate gate = gate(Duration.ofSeconds(5));
        map(words, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(port.write(context, 0x1000, 8, 0x11111111_22222222L)).isSameAs(Done.DONE);
        assertThat(words.accesses).containsExactly("W4@0=22222222", "W4@4=11111111");
        assertThat(port.read(context, 0x1000, 2)).isSameAs(Fault.SLAVE_ERROR);
        assertThat(port.read(context, 0x1002, 4)).isSameAs(Fault.SLAVE_ERROR);
        assertThat(port.load64(context, 0x1000)).isSameAs(Fault.SLAVE_ERROR);
    }

    @Test
    void effectsRunAfterTheLockAndBeforeTheAccessReturns() {
        ram(1 << 20);
        DeviceGate gate = gate(Duration.ofSeconds(5));
        var order = new ArrayList<String>();
        MmioHandler handler = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                gate.defer(effect -> {
                    order.add("effect, locked " + gate.isLockedByCurrentThread());
                    port.read(effect, RAM, 8);
                });
                order.add("handler");
                c.data(0x42);
                return Done.DONE;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int s, long v) {
                return Fault.SLAVE_ERROR;
            }
        };
        map(handler, 0x1000, 4, 4, gate);
        gate.open();
        port.read(context, 0x1000, 4);
        assertThat(order).containsExactly("handler", "effect, locked false");
        assertThat(context.data()).isEqualTo(0x42);
    }

    @Test
    void transactionsThatStartThemselvesEndAsAFault() {
        DeviceGate gate = gate(Duration.ofSeconds(5));
        var ends = new ArrayList<TransactionResult>();
        MmioHandler echo = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long offset, int size) {
                return Fault.SLAVE_ERROR;
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int size, long v) {
                gate.defer(effect -> ends.add(port.write(effect, 0x1000 + o, size, v)));
                return Done.DONE;
            }
        };
        map(echo, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(port.write(context, 0x1000, 4, 1)).isSameAs(Done.DONE);
        assertThat(ends).hasSizeLessThan(100).startsWith(Fault.SLAVE_ERROR).endsWith(Done.DONE);
        assertThat(gate.isOpen()).isTrue();
    }

    @Test
    void whatAModelThrowsFailsItsSlotAndEndsAsAnAbort() {
        DeviceGate gate = gate(Duration.ofSeconds(5));
        var told = new AtomicReference<String>();
        gate.onFailure(told::set);
        MmioHandler broken = new MmioHandler() {
            @Override
            public TransactionResult read(TransactionContext c, TransactionAttributes a, long o, int s) {
                throw new IllegalStateException("broken");
            }

            @Override
            public TransactionResult write(TransactionContext c, TransactionAttributes a, long o, int s, long v) {
                return null;
            }
        };
        map(broken, 0x1000, 4, 4, gate);
        gate.open();
        assertThat(port.read(context, 0x1000, 4)).isSameAs(Fault.DEVICE_FAILED);
        assertThat(told.get()).contains("IllegalStateException: broken");
        assertThat(port.write(context, 0x1000, 4, 0)).isSameAs(Fault.DEVICE_FAILED);
        assertThat(gate.aborts()).isEqualTo(2);
        assertThat(context.inside()).isFalse();
    }

    @Test
    void recordersSeeOneInitiatorOnly() throws Exception {
        ram(1 << 20);
        DmaPort other = bus.port("other", null, TransactionAttributes.NONE);
        var seen = new ArrayList<String>();
        AutoCloseable recording =
                bus.record("test", (write, address, length) -> seen.add("%s %x %d".formatted(write, address, length)));
        port.load64(context, RAM);
        other.load64(context, RAM + 8);
        bus.port("test", null, TransactionAttributes.NONE).write(context, RAM + 16, 4, 0);
        recording.close();
        port.load64(context, RAM);
        assertThat(seen).containsExactly("false 40000000 8", "true 40000010 4");
    }

    @Test
    void aFileBacksRamForOtherProcesses(@TempDir Path folder) throws Exception {
        Path file = folder.resolve("ram");
        bus.addRam(new RamBank("ram", RAM, 0x10000, file.toString()));
        port.write(context, RAM + 0x234, 4, 0xCAFE);
        assertThat(Files.size(file)).isEqualTo(0x10000);
        assertThat(Files.readAllBytes(file)[0x234] & 0xFF).isEqualTo(0xFE);
    }

    @Test
    void ramThatOverlapsIsRefusedByName() {
        ram(1 << 20);
        assertThatThrownBy(() -> bus.addRam(new RamBank("second", RAM + 0x1000, 0x1000, "")))
                .hasMessageContaining("RAM second")
                .hasMessageContaining("RAM ram");
        assertThat(bus.memoryMap()).hasSize(1);
    }

    @Test
    void accessIsCheckedAgainstTheBuffer() {
        ram(1 << 20);
        var buffer = MemorySegment.ofArray(new byte[8]);
        assertThatThrownBy(() -> port.read(context, RAM, buffer, 4, 8)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> port.load64(context, RAM + 4)).isInstanceOf(IllegalArgumentException.class);
    }
}
