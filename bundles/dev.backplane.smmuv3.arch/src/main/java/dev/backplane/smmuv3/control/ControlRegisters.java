package dev.backplane.smmuv3.control;

import dev.backplane.register.BitField;
import dev.backplane.register.RegisterFile;

/**
 * The register file with the indexes of the registers that behave, and the rules that both queues share. Its monitor
 * guards it; nobody calls out while holding that.
 */
final class ControlRegisters {
    final RegisterFile file;
    final SmmuIdentity id;
    final int count;
    final int cr0;
    final int cr0Ack;
    final int cr1;
    final int cr2;
    final int gbpa;
    final int irqCtrl;
    final int irqCtrlAck;
    final int gerror;
    final int gerrorN;
    final int strtabBase;
    final int strtabBaseCfg;
    final int cmdqBase;
    final int cmdqProd;
    final int cmdqCons;
    final int eventqBase;
    final int eventqProd;
    final int eventqCons;

    ControlRegisters(SmmuIdentity id) {
        this.id = id;
        var table = RegisterTable.of(id);
        count = table.size();
        file = new RegisterFile(table);
        cr0 = file.indexOf("CR0");
        cr0Ack = file.indexOf("CR0ACK");
        cr1 = file.indexOf("CR1");
        cr2 = file.indexOf("CR2");
        gbpa = file.indexOf("GBPA");
        irqCtrl = file.indexOf("IRQ_CTRL");
        irqCtrlAck = file.indexOf("IRQ_CTRLACK");
        gerror = file.indexOf("GERROR");
        gerrorN = file.indexOf("GERRORN");
        strtabBase = file.indexOf("STRTAB_BASE");
        strtabBaseCfg = file.indexOf("STRTAB_BASE_CFG");
        cmdqBase = file.indexOf("CMDQ_BASE");
        cmdqProd = file.indexOf("CMDQ_PROD");
        cmdqCons = file.indexOf("CMDQ_CONS");
        eventqBase = file.indexOf("EVENTQ_BASE");
        eventqProd = file.indexOf("EVENTQ_PROD");
        eventqCons = file.indexOf("EVENTQ_CONS");
    }

    long get(int register) {
        return file.get(register);
    }

    void set(int register, long value) {
        file.set(register, value);
    }

    boolean isSet(int register, BitField field) {
        return field.isSet(file.get(register));
    }

    /** {@return whether an enable of CR0 is set or its clearing is not acknowledged yet} */
    boolean isEnabled(BitField enable) {
        return enable.isSet(file.get(cr0) | file.get(cr0Ack));
    }

    /** Lets CR0ACK show an enable as CR0 has it. */
    void acknowledge(BitField enable) {
        set(cr0Ack, file.get(cr0Ack) & ~enable.mask() | file.get(cr0) & enable.mask());
    }

    QueueGeometry commandQueue() {
        return QueueGeometry.of(get(cmdqBase), id.commandQueueSize(), 16);
    }

    QueueGeometry eventQueue() {
        return QueueGeometry.of(get(eventqBase), id.eventQueueSize(), 32);
    }

    /** {@return whether GERROR shows an error that software has not acknowledged} */
    boolean isActive(BitField error) {
        return error.isSet(get(gerror) ^ get(gerrorN));
    }

    /**
     * Makes an error active (IHI 0070 section 7.5).
     *
     * @return whether the global error interrupt is due: the error was not active, and the interrupt is enabled
     */
    boolean raise(BitField error) {
        if (isActive(error)) {
            return false;
        }
        set(gerror, get(gerror) ^ error.mask());
        return isSet(irqCtrl, RegisterTable.GERROR_IRQEN);
    }
}
