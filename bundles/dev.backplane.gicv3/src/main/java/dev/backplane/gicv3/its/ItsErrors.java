package dev.backplane.gicv3.its;

import dev.backplane.device.DeviceLog;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;

/** Counts what software does wrong, by code, and notes it. Thread-safe. */
final class ItsErrors {
    private static final CommandError[] COMMANDS = CommandError.values();
    private static final DropReason[] DROPS = DropReason.values();

    private final AtomicLongArray commands = new AtomicLongArray(COMMANDS.length);
    private final AtomicLongArray drops = new AtomicLongArray(DROPS.length);
    private final DeviceLog log;

    ItsErrors(DeviceLog log) {
        this.log = log;
    }

    void count(CommandError error, long offset, Command command) {
        commands.incrementAndGet(error.ordinal());
        log.guestError("ITS command at offset 0x%x: %s: %s (0x%06x)".formatted(offset, command, error, error.code()));
    }

    void count(DropReason reason, int deviceId, int eventId) {
        drops.incrementAndGet(reason.ordinal());
        log.guestError("MSI of DeviceID 0x%x, EventID 0x%x dropped: %s".formatted(deviceId, eventId, reason.text()));
    }

    /** Notes a wrong register access. */
    void note(String message) {
        log.guestError(message);
    }

    long commands(CommandError error) {
        return commands.get(error.ordinal());
    }

    long drops(DropReason reason) {
        return drops.get(reason.ordinal());
    }

    Map<String, Object> save() {
        var saved = new LinkedHashMap<String, Object>();
        for (CommandError error : COMMANDS) {
            saved.put(error.name(), commands(error));
        }
        for (DropReason reason : DROPS) {
            saved.put(reason.name(), drops(reason));
        }
        return saved;
    }

    /** Takes counts by name; a name that this version does not count is ignored. */
    void restore(Map<?, ?> saved) {
        for (CommandError error : COMMANDS) {
            commands.set(error.ordinal(), saved.get(error.name()) instanceof Number count ? count.longValue() : 0);
        }
        for (DropReason reason : DROPS) {
            drops.set(reason.ordinal(), saved.get(reason.name()) instanceof Number count ? count.longValue() : 0);
        }
    }

    /** {@return the counts that are not zero} */
    InspectNode inspect() {
        var commandCounts = new ArrayList<InspectNode>();
        for (CommandError error : COMMANDS) {
            if (commands(error) != 0) {
                commandCounts.add(InspectNode.number(error.name(), commands(error))
                        .withNote(error.code() == 0 ? "" : "0x%06x".formatted(error.code())));
            }
        }
        var dropCounts = new ArrayList<InspectNode>();
        for (DropReason reason : DROPS) {
            if (drops(reason) != 0) {
                dropCounts.add(InspectNode.number(reason.name(), drops(reason)).withNote(reason.text()));
            }
        }
        return InspectNode.group("errors", List.of(
                InspectNode.group("commands", commandCounts), InspectNode.group("messages dropped", dropCounts)));
    }
}
