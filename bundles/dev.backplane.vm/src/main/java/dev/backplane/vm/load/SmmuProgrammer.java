package dev.backplane.vm.load;

import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.SmmuRegister;
import java.util.ArrayList;
import java.util.List;

/** Brings an SMMU to its captured state through its registers, in the order of IHI 0070 section 6.3.9 and 3.21. */
public final class SmmuProgrammer {
    private static final long EVENTQEN = 1 << 2;
    private static final long CMDQEN = 1 << 3;
    private static final long GBPA_UPDATE = 1L << 31;

    private final GuestBus bus;
    private final Capture.SmmuImage image;

    /** Makes one. */
    public SmmuProgrammer(GuestBus bus, Capture.SmmuImage image) {
        this.bus = bus;
        this.image = image;
    }

    /**
     * Programs it.
     *
     * @throws IllegalStateException if it does not answer as an SMMU does
     */
    public void program() {
        write(SmmuRegister.CR0, 0);
        acknowledge(SmmuRegister.CR0ACK, 0);
        write(SmmuRegister.IRQ_CTRL, 0);
        acknowledge(SmmuRegister.IRQ_CTRLACK, 0);
        if (read(SmmuRegister.GBPA) != captured(SmmuRegister.GBPA)) {
            write(SmmuRegister.GBPA, captured(SmmuRegister.GBPA) | GBPA_UPDATE);
            bus.poll(address(SmmuRegister.GBPA), 4, GBPA_UPDATE, 0, "GBPA.Update of '%s'".formatted(image.id()));
        }
        restore(SmmuRegister.CR1, SmmuRegister.CR2, SmmuRegister.STRTAB_BASE, SmmuRegister.STRTAB_BASE_CFG);
        // PROD and CONS may be written while their queue is off; equal, they say that every command was consumed.
        restore(SmmuRegister.CMDQ_BASE, SmmuRegister.CMDQ_PROD, SmmuRegister.CMDQ_CONS);
        restore(SmmuRegister.EVENTQ_BASE, SmmuRegister.EVENTQ_PROD, SmmuRegister.EVENTQ_CONS);
        long cr0 = captured(SmmuRegister.CR0);
        enable(cr0 & CMDQEN);
        enable(cr0 & (CMDQEN | EVENTQEN));
        restore(SmmuRegister.IRQ_CTRL);
        acknowledge(SmmuRegister.IRQ_CTRLACK, captured(SmmuRegister.IRQ_CTRL));
        enable(cr0);
    }

    private void enable(long cr0) {
        write(SmmuRegister.CR0, cr0);
        acknowledge(SmmuRegister.CR0ACK, cr0);
    }

    private void acknowledge(SmmuRegister register, long value) {
        bus.poll(address(register), 4, 0xFFFF_FFFFL, value, "%s of '%s'".formatted(register, image.id()));
    }

    /** {@return the captured registers that read differently now, as text} */
    public List<String> differences() {
        var different = new ArrayList<String>();
        for (SmmuRegister register : SmmuRegister.values()) {
            long now = read(register);
            if (now != captured(register)) {
                different.add("%s 0x%x, captured 0x%x".formatted(register, now, captured(register)));
            }
        }
        return different;
    }

    private void restore(SmmuRegister... registers) {
        for (SmmuRegister register : registers) {
            write(register, captured(register));
        }
    }

    private long captured(SmmuRegister register) {
        return image.register(register.name());
    }

    private long read(SmmuRegister register) {
        return bus.read(address(register), register.bytes());
    }

    private void write(SmmuRegister register, long value) {
        bus.write(address(register), register.bytes(), value);
    }

    private long address(SmmuRegister register) {
        return image.base() + register.offset();
    }
}
