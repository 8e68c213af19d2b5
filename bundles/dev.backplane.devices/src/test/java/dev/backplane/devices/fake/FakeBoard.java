package dev.backplane.devices.fake;

import dev.backplane.device.DeviceLog;
import dev.backplane.irq.EventFd;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bdf;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.time.VirtualClock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;

/** A board of one PCI function: memory at {@link #RAM}, IOVAs shifted by {@link #IOVA_OFFSET}. */
public final class FakeBoard implements PciDeviceContext {
    public static final long RAM = 0x4000_0000L;
    public static final long IOVA_OFFSET = RAM;

    private final FakeClock clock;
    private final byte[] ram;
    private final FakePort dma;
    private final FakePort memory;
    private final List<String> log = new ArrayList<>();
    private final List<Boolean> pinChanges = new ArrayList<>();
    private final Deque<FakeTicket> heldMessages = new ArrayDeque<>();
    private boolean pin;
    private boolean msiEnabled;
    private AtomicInteger signals;
    private boolean holdMessages;
    private TransactionResult messageResult = TransactionResult.Done.DONE;
    private int messages;

    public FakeBoard(long now, byte[] ram) {
        clock = new FakeClock(now);
        this.ram = ram;
        dma = new FakePort(RAM, ram, IOVA_OFFSET);
        memory = new FakePort(RAM, ram, 0);
    }

    public FakeBoard() {
        this(0, new byte[1 << 20]);
    }

    public byte[] ram() {
        return ram;
    }

    public List<String> logged() {
        return log;
    }

    public boolean pin() {
        return pin;
    }

    /** {@return every change of the pin} */
    public List<Boolean> pinChanges() {
        return pinChanges;
    }

    /** {@return messages that were delivered} */
    public int messages() {
        return messages;
    }

    public Deque<FakeTicket> heldMessages() {
        return heldMessages;
    }

    public void enableMsi() {
        msiEnabled = true;
    }

    public void holdMessages(boolean hold) {
        holdMessages = hold;
    }

    public void failMessages() {
        messageResult = TransactionResult.Fault.TRANSLATION_ABORT;
    }

    @Override
    public FakePort dma() {
        return dma;
    }

    @Override
    public DmaPort memory() {
        return memory;
    }

    public FakePort fakeMemory() {
        return memory;
    }

    @Override
    public InterruptLine intx() {
        return new InterruptLine() {
            @Override
            public void set(boolean asserted) {
                if (pin != asserted) {
                    pin = asserted;
                    pinChanges.add(asserted);
                }
            }

            @Override
            public void pulse() {
                set(true);
                set(false);
            }
        };
    }

    /** Offers an accelerator for messages; {@return counts the signals of its event} */
    public AtomicInteger offerIrqfd() {
        signals = new AtomicInteger();
        return signals;
    }

    @Override
    public Optional<EventFd> irqfd(int vector) {
        return Optional.ofNullable(signals).map(counter -> new EventFd() {
            @Override
            public void signal() {
                counter.incrementAndGet();
            }

            @Override
            public void onSignal(Runnable listener) {}

            @Override
            public long signals() {
                return counter.get();
            }

            @Override
            public void close() {}
        });
    }

    @Override
    public boolean msiEnabled() {
        return msiEnabled;
    }

    @Override
    public TransactionResult sendMsi(TransactionContext context, int vector) {
        if (vector != 0) {
            throw new IllegalArgumentException("vector " + vector);
        }
        if (holdMessages) {
            var ticket = new FakeTicket(() -> {
                messages++;
                return TransactionResult.Done.DONE;
            });
            heldMessages.add(ticket);
            return new TransactionResult.Pending(ticket);
        }
        if (messageResult.isDone()) {
            messages++;
        }
        return messageResult;
    }

    @Override
    public Bdf address() {
        return new Bdf(0, 1, 0);
    }

    @Override
    public String slot() {
        return "dut";
    }

    @Override
    public InterruptLine line(String name) {
        throw new IllegalArgumentException("no line " + name);
    }

    @Override
    public VirtualClock clock() {
        return clock;
    }

    public void advance(long nanos) {
        clock.advance(nanos);
    }

    @Override
    public Epochs epochs() {
        return new Epochs() {
            @Override
            public TransactionContext context() {
                return new FakeContext();
            }

            @Override
            public void synchronize(TransactionContext context) {
                // one thread: nothing is under way
            }
        };
    }

    @Override
    public void defer(Effect effect) {
        effect.run(new FakeContext());
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
        return new DeviceLog() {
            @Override
            public void guestError(String message) {
                log.add("guest: " + message);
            }

            @Override
            public void unimplemented(String message) {
                log.add("unimplemented: " + message);
            }
        };
    }
}
