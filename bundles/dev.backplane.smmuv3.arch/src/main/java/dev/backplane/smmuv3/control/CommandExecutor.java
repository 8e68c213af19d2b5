package dev.backplane.smmuv3.control;

import dev.backplane.device.DeviceLog;
import dev.backplane.memory.Epochs;
import dev.backplane.memory.TransactionContext;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/** Checks a command and carries it out (IHI 0070 section 4.1.3 says what makes one illegal). */
final class CommandExecutor {
    /** CMD_SYNC.CS. */
    private static final int SIG_IRQ = 1;

    private static final int CS_RESERVED = 3;

    private final SmmuIdentity id;
    private final SmmuBackend backend;
    private final Epochs epochs;
    private final EventQueue events;
    private final DeviceLog log;
    private final Map<CommandCode, LongAdder> executed = new EnumMap<>(CommandCode.class);
    private final LongAdder illegal = new LongAdder();
    private final LongAdder unfetchable = new LongAdder();

    CommandExecutor(SmmuIdentity id, SmmuBackend backend, Epochs epochs, EventQueue events, DeviceLog log) {
        this.id = id;
        this.backend = backend;
        this.epochs = epochs;
        this.events = events;
        this.log = log;
        for (CommandCode code : CommandCode.values()) {
            executed.put(code, new LongAdder());
        }
    }

    /** {@return whether the backend collects the command and carries it out later} */
    boolean collects(Command command) {
        CommandCode code = CommandCode.of(Command.OPCODE.getInt(command.low()));
        return code != null && backend.collects(code);
    }

    /** {@return how many of the commands that were collected last have not been carried out} */
    int finish(TransactionContext context) {
        int left = backend.finish(context);
        if (left != 0) {
            illegal.increment();
        }
        return left;
    }

    CommandOutcome execute(TransactionContext context, Command command) {
        long low = command.low();
        long high = command.high();
        CommandCode code = CommandCode.of(Command.OPCODE.getInt(low));
        if (code == null) {
            return illegal(low, high, "the opcode is reserved");
        }
        if (!code.isLegal(id)) {
            return illegal(low, high, "the ID registers do not advertise what it needs");
        }
        if (code.lowFields().contains(Command.SSEC) && Command.SSEC.isSet(low)) {
            return illegal(low, high, "SSec is 1 in a non-secure queue");
        }
        if (code == CommandCode.SYNC && Command.CS.get(low) == CS_RESERVED) {
            return illegal(low, high, "CS is the reserved 0b11");
        }
        if (code.isByAddress() && id.rangeInvalidation() && isReservedRange(low, high)) {
            return illegal(low, high, "TG is given, but neither a range nor a level");
        }
        if (!backend.execute(context, code, command)) {
            return illegal(low, high, "it was refused");
        }
        executed.get(code).increment();
        if (code != CommandCode.SYNC) {
            return CommandOutcome.CONSUMED;
        }
        // Transactions that looked something up before it was dropped end before the CMD_SYNC does (section 4.7.3).
        epochs.synchronize(context);
        events.endMerging();
        return Command.CS.get(low) == SIG_IRQ ? CommandOutcome.CONSUMED_WITH_INTERRUPT : CommandOutcome.CONSUMED;
    }

    /** Section 4.4.1.1: TG without NUM, SCALE and TTL; with 16 KiB there are no blocks at level 1, so TTL 1 is 0. */
    private static boolean isReservedRange(long low, long high) {
        long tg = Command.TG.get(high);
        long ttl = Command.TTL.get(high);
        return tg != 0
                && (ttl == 0 || tg == 2 && ttl == 1)
                && Command.NUM.get(low) == 0
                && Command.SCALE.get(low) == 0;
    }

    CommandOutcome unfetchable(long address) {
        unfetchable.increment();
        log.guestError("the command at 0x%x cannot be fetched: CERROR_ABT".formatted(address));
        return CommandOutcome.CERROR_ABT;
    }

    private CommandOutcome illegal(long low, long high, String why) {
        illegal.increment();
        log.guestError("command %s (0x%016x 0x%016x) is illegal: %s"
                .formatted(new Command(low, high).name(), low, high, why));
        return CommandOutcome.CERROR_ILL;
    }

    long executed(CommandCode code) {
        return executed.get(code).sum();
    }

    long illegal() {
        return illegal.sum();
    }

    long unfetchable() {
        return unfetchable.sum();
    }
}
