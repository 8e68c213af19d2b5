package dev.backplane.smmuv3.control;

import dev.backplane.device.DeviceLog;
import dev.backplane.register.BitField;

/**
 * What software's writes do to the registers (IHI 0070 section 6.3). Registers that configure a part are locked while
 * that part is enabled or its disabling is not acknowledged: the architecture leaves such writes CONSTRAINED
 * UNPREDICTABLE, here they are ignored. Runs under the registers' monitor; what reaches beyond the registers is
 * returned as {@linkplain #COMMANDS effects} to be done after the monitor is released.
 */
final class RegisterWrites {
    /** Effect: the command queue may have become runnable. */
    static final int COMMANDS = 1;

    /** Effect: what governs translation has changed. */
    static final int TRANSLATION = 2;

    private final ControlRegisters registers;
    private final CommandQueue commands;
    private final EventQueue events;
    private final DeviceLog log;
    /** The enable that locks a register, by index of the register. */
    private final BitField[] lockedBy;

    RegisterWrites(ControlRegisters registers, CommandQueue commands, EventQueue events, DeviceLog log) {
        this.registers = registers;
        this.commands = commands;
        this.events = events;
        this.log = log;
        lockedBy = new BitField[registers.count];
        lockedBy[registers.cr2] = RegisterTable.SMMUEN;
        lockedBy[registers.strtabBase] = RegisterTable.SMMUEN;
        lockedBy[registers.strtabBaseCfg] = RegisterTable.SMMUEN;
        lockedBy[registers.cmdqBase] = RegisterTable.CMDQEN;
        lockedBy[registers.cmdqCons] = RegisterTable.CMDQEN;
        lockedBy[registers.eventqBase] = RegisterTable.EVENTQEN;
        lockedBy[registers.eventqProd] = RegisterTable.EVENTQEN;
    }

    /**
     * Writes a register or a half of one.
     *
     * @return what is to be done afterwards
     */
    int write(long offset, int size, long value) {
        int register = registers.file.indexAt(offset);
        if (register < 0) {
            return 0;
        }
        BitField lock = lockedBy[register];
        if (lock != null && registers.isEnabled(lock)) {
            log.guestError("%s written while %s is 1: ignored"
                    .formatted(registers.file.spec(register).name(), lock.name()));
            return 0;
        }
        long old = registers.get(register);
        if (register == registers.gbpa) {
            return writeGbpa(old, value);
        }
        registers.file.write(offset, size, value);
        if (register == registers.cr0) {
            return wroteCr0(old);
        } else if (register == registers.cr1) {
            keepLockedAttributes(old);
        } else if (register == registers.gerrorN) {
            return wroteGerrorN(old);
        } else if (register == registers.irqCtrl) {
            registers.set(registers.irqCtrlAck, registers.get(register));
        } else if (register == registers.cmdqProd) {
            return COMMANDS;
        }
        return 0;
    }

    private int wroteCr0(long old) {
        long changed = old ^ registers.get(registers.cr0);
        int effects = 0;
        if (RegisterTable.EVENTQEN.isSet(changed)) {
            events.restart();
            events.settle();
        }
        if (RegisterTable.CMDQEN.isSet(changed)) {
            commands.settle();
            effects |= COMMANDS;
        }
        // Translated transactions are checked by whoever carries them out; here it is only told.
        registers.acknowledge(RegisterTable.ATSCHK);
        if (RegisterTable.SMMUEN.isSet(changed)) {
            effects |= TRANSLATION;
        }
        return effects;
    }

    /** The attributes of table fetches are locked by SMMUEN, those of queue accesses by both queue enables. */
    private void keepLockedAttributes(long old) {
        long locked = 0;
        if (registers.isEnabled(RegisterTable.SMMUEN)) {
            locked |= RegisterTable.TABLE_ATTRIBUTES.mask();
        }
        if (registers.isEnabled(RegisterTable.CMDQEN) || registers.isEnabled(RegisterTable.EVENTQEN)) {
            locked |= RegisterTable.QUEUE_ATTRIBUTES.mask();
        }
        registers.set(registers.cr1, old & locked | registers.get(registers.cr1) & ~locked);
    }

    /** A write counts only when it sets UPDATE, and not while an update is under way (section 6.3.15). */
    private int writeGbpa(long old, long value) {
        if (!RegisterTable.UPDATE.isSet(value) || RegisterTable.UPDATE.isSet(old)) {
            log.guestError("GBPA written as 0x%x %s: ignored"
                    .formatted(value, RegisterTable.UPDATE.isSet(old) ? "during an update" : "without UPDATE"));
            return 0;
        }
        registers.set(registers.gbpa, value & registers.file.spec(registers.gbpa).fieldMask());
        return TRANSLATION;
    }

    /** Acknowledges errors that are active; toggling the bit of an inactive one does nothing (section 6.3.19). */
    private int wroteGerrorN(long old) {
        long active = registers.get(registers.gerror) ^ old;
        long toggled = old ^ registers.get(registers.gerrorN);
        if ((toggled & ~active) != 0) {
            log.guestError("GERRORN toggles bits 0x%x of errors that are not active: ignored"
                    .formatted(toggled & ~active));
        }
        registers.set(registers.gerrorN, old ^ toggled & active);
        return RegisterTable.CMDQ_ERR.isSet(toggled & active) ? COMMANDS : 0;
    }
}
