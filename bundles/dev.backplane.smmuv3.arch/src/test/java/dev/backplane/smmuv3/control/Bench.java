package dev.backplane.smmuv3.control;

import dev.backplane.device.DeviceLog;
import dev.backplane.irq.InterruptLine;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import dev.backplane.smmuv3.translate.SmmuConfiguration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.BiPredicate;

/** An SMMU's programming interface on a bench: simulated memory, and everything that it calls written down. */
final class Bench implements SmmuBackend, Epochs, DeviceLog {
    static final int CR0 = 0x20;
    static final int CR0ACK = 0x24;
    static final int CR1 = 0x28;
    static final int CR2 = 0x2C;
    static final int GBPA = 0x44;
    static final int IRQ_CTRL = 0x50;
    static final int IRQ_CTRLACK = 0x54;
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
    static final int SMMUEN = 1;
    static final int EVENTQEN = 4;
    static final int CMDQEN = 8;
    static final long COMMANDS = 0x10_0000;
    static final long EVENTS = 0x20_0000;

    final SimulatedMemory memory = new SimulatedMemory();
    final List<String> calls = Collections.synchronizedList(new ArrayList<>());
    final List<String> pulses = Collections.synchronizedList(new ArrayList<>());
    final SmmuControl control;
    volatile SmmuConfiguration configuration;
    volatile BiPredicate<CommandCode, Command> onCommand = (code, command) -> true;
    volatile Runnable onSynchronize = () -> {};
    private final ThreadLocal<TransactionContext> contexts = ThreadLocal.withInitial(Bus::new);

    Bench(SmmuIdentity identity) {
        var interrupts = new SmmuInterrupts(line("eventq"), line("priq"), line("cmdq-sync"), line("gerror"));
        control = new SmmuControl(identity, memory, this, interrupts, this, this);
    }

    Bench() {
        this(IdentityProfile.VIRT_11_1.identity(SmmuOptions.DEFAULT));
    }

    /** Enables both queues with rings of the given sizes, and the interrupts. */
    Bench withQueues(int log2commands, int log2events) {
        write(CMDQ_BASE, 8, COMMANDS | log2commands);
        write(EVENTQ_BASE, 8, EVENTS | log2events);
        write(IRQ_CTRL, 5);
        write(CR0, EVENTQEN | CMDQEN);
        return this;
    }

    long read(long offset) {
        return control.read(offset, 4);
    }

    void write(long offset, long value) {
        write(offset, 4, value);
    }

    void write(long offset, int size, long value) {
        control.write(context(), offset, size, value);
    }

    /** Puts a command into an entry of the ring. */
    void command(int entry, long low, long high) {
        memory.put(COMMANDS + 16L * entry, low);
        memory.put(COMMANDS + 16L * entry + 8, high);
    }

    /** {@return the errors that software has not acknowledged} */
    long activeErrors() {
        return read(GERROR) ^ read(GERRORN);
    }

    private InterruptLine line(String name) {
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
    public void configure(TransactionContext context, SmmuConfiguration newest) {
        configuration = newest;
    }

    @Override
    public boolean execute(TransactionContext context, CommandCode code, Command command) {
        calls.add(command.name());
        return onCommand.test(code, command);
    }

    @Override
    public void forget() {
        calls.add("forget");
    }

    @Override
    public TransactionContext context() {
        return contexts.get();
    }

    @Override
    public void synchronize(TransactionContext context) {
        calls.add("synchronize");
        onSynchronize.run();
    }

    @Override
    public void guestError(String message) {
        calls.add("guest error");
    }

    @Override
    public void unimplemented(String message) {
        calls.add("unimplemented");
    }

    private static final class Bus implements TransactionContext {
        private long data;

        @Override
        public long data() {
            return data;
        }

        @Override
        public void data(long value) {
            data = value;
        }
    }
}
