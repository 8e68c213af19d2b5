package dev.backplane.smmuv3.control;

import dev.backplane.inspect.InspectNode;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import java.util.ArrayList;
import java.util.List;

/**
 * The consumer of the command queue (IHI 0070 sections 3.5, 4 and 7.1). Commands run on the thread that made them
 * runnable, in order and exactly once. When another thread finds a run under way it leaves its request and returns: a
 * CMD_SYNC under way may be waiting for that very thread's transaction, so nobody may wait for the run to end.
 */
final class CommandQueue {
    /** Most commands that a backend may collect before it has to carry them out. */
    private static final int LONGEST_BATCH = 63;

    private final ControlRegisters registers;
    private final DmaPort memory;
    private final CommandExecutor executor;
    private final SmmuInterrupts interrupts;
    private final Delegation delegation = new Delegation();
    /** Guarded by the registers: a command is between fetch and completion. */
    private boolean executing;
    /** Guarded by the registers: commands from CONS on that the backend has collected and not carried out. */
    private int collected;
    /** Guarded by the registers: counts resets and restores, so that no command completes into them. */
    private int generation;

    CommandQueue(
            ControlRegisters registers, DmaPort memory, CommandExecutor executor, SmmuInterrupts interrupts) {
        this.registers = registers;
        this.memory = memory;
        this.executor = executor;
        this.interrupts = interrupts;
    }

    /**
     * Executes what is runnable; called without the registers' monitor after anything that may make the queue runnable:
     * a write of PROD, of CR0 or of GERRORN, and at the start of a restored model.
     */
    void run(TransactionContext context) {
        delegation.run(() -> {
            boolean finished = false;
            try {
                while (executeNext(context)) {
                    // The next one.
                }
                finished = true;
            } finally {
                if (!finished) {
                    abandon();
                }
            }
        });
    }

    /** Something that was called out to is broken: no command is under way any more, none that was collected is done. */
    private void abandon() {
        synchronized (registers) {
            executing = false;
            collected = 0;
            settle();
        }
    }

    private boolean executeNext(TransactionContext context) {
        QueueGeometry queue;
        int position;
        int waiting;
        int startedIn;
        boolean runnable;
        synchronized (registers) {
            queue = registers.commandQueue();
            waiting = collected;
            position = queue.forward(queue.position(registers.get(registers.cmdqCons)), waiting);
            runnable = isRunnable(queue, position);
            if (!runnable && waiting == 0) {
                return false;
            }
            executing = true;
            startedIn = generation;
        }
        if (!runnable) {
            finishCollected(context, startedIn);
            return true;
        }
        Command command = fetch(context, queue.address(position));
        boolean collects = command != null && executor.collects(command);
        if (waiting != 0 && (!collects || waiting == LONGEST_BATCH)) {
            if (!finishCollected(context, startedIn)) {
                return true;
            }
            waiting = 0;
        }
        CommandOutcome outcome = command == null
                ? executor.unfetchable(queue.address(position))
                : executor.execute(context, command);
        if (waiting != 0 && !outcome.isConsumed() && !finishCollected(context, startedIn)) {
            return true;
        }
        complete(queue, position, startedIn, outcome, collects);
        return true;
    }

    private void complete(
            QueueGeometry queue, int position, int startedIn, CommandOutcome outcome, boolean collects) {
        boolean consumed;
        boolean globalError;
        synchronized (registers) {
            boolean current = startedIn == generation;
            consumed = current && outcome.isConsumed();
            globalError = current && !outcome.isConsumed() && stop(outcome);
            if (consumed && collects) {
                collected++;
            } else if (consumed) {
                consumeUpTo(queue.next(position));
            }
            executing = collected != 0;
            settle();
        }
        if (globalError) {
            interrupts.globalError().pulse();
        }
        if (consumed && outcome == CommandOutcome.CONSUMED_WITH_INTERRUPT) {
            // After CONS has moved, so that whoever the interrupt wakes sees the CMD_SYNC consumed.
            interrupts.commandSync().pulse();
        }
    }

    private void consumeUpTo(int position) {
        long error = registers.get(registers.cmdqCons) & RegisterTable.ERR.mask();
        registers.set(registers.cmdqCons, error | position);
    }

    /**
     * Lets the backend carry out what it has collected. CONS has stayed before these commands, so that it can stop at
     * the one that fails while that is still in the ring.
     *
     * @return whether the queue goes on
     */
    private boolean finishCollected(TransactionContext context, int startedIn) {
        int left = executor.finish(context);
        boolean refused;
        boolean globalError;
        synchronized (registers) {
            if (startedIn != generation) {
                return false;
            }
            QueueGeometry queue = registers.commandQueue();
            int undone = Math.min(left, collected);
            int first = queue.position(registers.get(registers.cmdqCons));
            consumeUpTo(queue.forward(first, collected - undone));
            collected = 0;
            refused = undone != 0;
            globalError = refused && stop(CommandOutcome.CERROR_ILL);
            if (refused || !registers.isSet(registers.cr0, RegisterTable.CMDQEN)) {
                executing = false;
                settle();
            }
        }
        if (globalError) {
            interrupts.globalError().pulse();
        }
        return !refused;
    }

    /** CONS stays at the command. {@return whether the global error interrupt is due} */
    private boolean stop(CommandOutcome outcome) {
        long cons = registers.get(registers.cmdqCons);
        registers.set(registers.cmdqCons, RegisterTable.ERR.with(cons, outcome.code()));
        return registers.raise(RegisterTable.CMDQ_ERR);
    }

    private boolean isRunnable(QueueGeometry queue, int position) {
        return registers.isSet(registers.cr0, RegisterTable.CMDQEN)
                && !registers.isActive(RegisterTable.CMDQ_ERR)
                && queue.position(registers.get(registers.cmdqProd)) != position;
    }

    /** {@return the command at an address, or null when it cannot be read} */
    private Command fetch(TransactionContext context, long address) {
        if (!memory.load64(context, address).isDone()) {
            return null;
        }
        long low = context.data();
        return memory.load64(context, address + 8).isDone() ? new Command(low, context.data()) : null;
    }

    /** A cleared CMDQEN is acknowledged when no command is under way (section 6.3.9.4). Holds the monitor. */
    void settle() {
        if (!executing || registers.isSet(registers.cr0, RegisterTable.CMDQEN)) {
            registers.acknowledge(RegisterTable.CMDQEN);
        }
    }

    /** The registers have been reset or restored. Holds the monitor. */
    void restart() {
        generation++;
        executing = false;
        collected = 0;
    }

    /**
     * {@return the ring's commands from CONS back, newest first}; the one at CONS leads when it has yet to complete,
     * which is the one that stopped the queue when CMDQ_ERR is active
     *
     * @param limit most commands to show
     */
    List<InspectNode> inspect(TransactionContext context, int limit) {
        QueueGeometry queue;
        int consumed;
        boolean waiting;
        int pending;
        synchronized (registers) {
            queue = registers.commandQueue();
            consumed = queue.position(registers.get(registers.cmdqCons));
            int produced = queue.position(registers.get(registers.cmdqProd));
            waiting = produced != consumed;
            pending = Math.min(queue.distance(consumed, produced), 1 << queue.log2size());
        }
        var commands = new ArrayList<InspectNode>();
        if (waiting) {
            show(context, queue, consumed, ", not consumed", commands);
        }
        // What is behind CONS, as far as newer commands have not overwritten it.
        int count = Math.min(limit - commands.size(), (1 << queue.log2size()) - pending);
        for (int back = 1; back <= count; back++) {
            show(context, queue, queue.back(consumed, back), "", commands);
        }
        return commands;
    }

    private void show(
            TransactionContext context, QueueGeometry queue, int position, String state, List<InspectNode> commands) {
        long address = queue.address(position);
        if (!memory.load64(context, address).isDone()) {
            return;
        }
        long low = context.data();
        if (!memory.load64(context, address + 8).isDone() || (low | context.data()) == 0) {
            return;
        }
        commands.add(new Command(low, context.data())
                .inspect()
                .withNote("entry 0x%x at 0x%x%s".formatted(queue.entry(position), address, state)));
    }
}
