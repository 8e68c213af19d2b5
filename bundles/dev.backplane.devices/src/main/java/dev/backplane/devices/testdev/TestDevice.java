package dev.backplane.devices.testdev;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.inspect.InspectNode;
import dev.backplane.inspect.Inspectable;
import dev.backplane.memory.MmioHandler;
import dev.backplane.memory.MmioRegion;
import dev.backplane.memory.TransactionAttributes;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.Bar;
import dev.backplane.pci.PciDevice;
import dev.backplane.pci.PciDeviceContext;
import dev.backplane.pci.PciFunctionDescription;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The IOMMU test device. Arming sets RESULT to BUSY; reading TRIGGER consumes the armed request and transfers, and the
 * value that it returns follows the transfer, so the region is concurrent and the lock of this class guards the state
 * but is never held over a transfer.
 *
 * <p>While a transfer is held by the engine RESULT stays BUSY and TRIGGER does nothing; a write to DBELL abandons it.
 * Its DMA ignores Bus Master Enable, as its users expect. Transactions are Non-secure: an ATTRS that asks for another
 * space, or contradicts itself, ends as BAD_ATTRIBUTES.
 */
final class TestDevice implements PciDevice, Inspectable, MmioHandler {
    static final String TYPE = "iommu-testdev";
    private static final int STATE_VERSION = 1;
    private static final int RESET_ATTRS = (int) TestRegister.SPACE.with(0, TestRegister.SPACE_NON_SECURE);

    private final PciFunctionDescription description;
    private final Object lock = new Object();
    private PciDeviceContext board;

    private final int[] words = new int[TestRegister.values().length];
    private boolean armed;
    private TestTransfer transfer;
    private boolean quiesced;

    TestDevice() {
        description = PciFunctionDescription.builder(0x1b36, 0x0005)
                .classCode(0x00ff00, 0)
                .subsystem(0x1af4, 0x1100)
                .ignoreBusMasterEnable()
                .bar(new Bar(
                        0,
                        Bar.Kind.MEMORY_32,
                        false,
                        new MmioRegion("iommu-testdev.bar0", TestRegister.BAR_SIZE, 4, 4, true, this)))
                .build();
        clear();
    }

    private void clear() {
        Arrays.fill(words, 0);
        set(TestRegister.RESULT, TestResult.IDLE.code);
        set(TestRegister.ATTRS, RESET_ATTRS);
        armed = false;
    }

    private int get(TestRegister register) {
        return words[register.ordinal()];
    }

    private void set(TestRegister register, int value) {
        words[register.ordinal()] = value;
    }

    private long pair(TestRegister low, TestRegister high) {
        return get(low) & 0xFFFF_FFFFL | (long) get(high) << 32;
    }

    @Override
    public PciFunctionDescription describe() {
        return description;
    }

    @Override
    public void realize(PciDeviceContext context) {
        board = context;
    }

    @Override
    public TransactionResult read(
            TransactionContext context, TransactionAttributes attributes, long offset, int size) {
        TestRegister register = TestRegister.at(offset);
        long value = 0;
        if (register == TestRegister.TRIGGER) {
            trigger(context);
        } else if (register != null) {
            synchronized (lock) {
                value = get(register) & 0xFFFF_FFFFL;
            }
        }
        context.data(value);
        return TransactionResult.Done.DONE;
    }

    @Override
    public TransactionResult write(
            TransactionContext context, TransactionAttributes attributes, long offset, int size, long value) {
        TestRegister register = TestRegister.at(offset);
        switch (register) {
            case null -> board.log().guestError("write of 0x%x at 0x%x: no register there".formatted(value, offset));
            case TRIGGER -> board.log().guestError("write to read-only TRIGGER");
            case DBELL -> ring(TestRegister.ARM.isSet(value));
            default -> {
                synchronized (lock) {
                    set(register, (int) value);
                }
            }
        }
        return TransactionResult.Done.DONE;
    }

    private void ring(boolean arm) {
        TestTransfer abandoned;
        synchronized (lock) {
            abandoned = transfer;
            transfer = null;
            armed = arm;
            set(TestRegister.RESULT, (arm ? TestResult.BUSY : TestResult.IDLE).code);
        }
        if (abandoned != null) {
            abandoned.stop();
        }
    }

    private void trigger(TransactionContext context) {
        TestTransfer started;
        synchronized (lock) {
            if (transfer != null) {
                board.log().guestError("TRIGGER read while a transfer is under way: ignored");
                return;
            }
            TestResult refused = refusal();
            armed = false;
            if (refused != null) {
                set(TestRegister.RESULT, refused.code);
                return;
            }
            started = prepare(
                    pair(TestRegister.GVA_LO, TestRegister.GVA_HI),
                    pair(TestRegister.GPA_LO, TestRegister.GPA_HI),
                    get(TestRegister.LEN),
                    0);
            if (quiesced) {
                return;
            }
        }
        started.run(context);
    }

    private TestTransfer prepare(long iova, long gpa, int length, int progress) {
        var self = new TestTransfer[1];
        self[0] = new TestTransfer(
                iova, gpa, length, progress, board.dma(), board.memory(), result -> ended(self[0], result));
        transfer = self[0];
        return transfer;
    }

    private TestResult refusal() {
        if (!armed) {
            return TestResult.NOT_ARMED;
        }
        int length = get(TestRegister.LEN);
        if (length <= 0 || length > TestTransfer.MAX_LENGTH) {
            if (length != 0) {
                board.log().unimplemented("LEN 0x%x: this device transfers up to 0x%x bytes"
                        .formatted(length, TestTransfer.MAX_LENGTH));
            }
            return TestResult.BAD_LENGTH;
        }
        int attrs = get(TestRegister.ATTRS);
        boolean secure = TestRegister.SECURE.isSet(attrs);
        boolean otherSpace = TestRegister.SPACE_VALID.isSet(attrs)
                && TestRegister.SPACE.getInt(attrs) != TestRegister.SPACE_NON_SECURE;
        if (secure || otherSpace) {
            board.log().unimplemented("ATTRS 0x%x: this device makes Non-secure transactions only".formatted(attrs));
            return TestResult.BAD_ATTRIBUTES;
        }
        return null;
    }

    private void ended(TestTransfer which, TestResult result) {
        synchronized (lock) {
            if (transfer == which) {
                transfer = null;
                set(TestRegister.RESULT, result.code);
            }
        }
    }

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {
        if (phase != ResetPhase.ENTER) {
            return;
        }
        TestTransfer abandoned;
        synchronized (lock) {
            abandoned = transfer;
            transfer = null;
            clear();
        }
        if (abandoned != null) {
            abandoned.stop();
        }
    }

    @Override
    public void quiesce() {
        TestTransfer running;
        synchronized (lock) {
            quiesced = true;
            running = transfer;
        }
        if (running != null) {
            running.stop();
        }
    }

    @Override
    public void resume() {
        TestTransfer unfinished;
        synchronized (lock) {
            quiesced = false;
            unfinished = transfer == null
                    ? null
                    : prepare(transfer.iova(), transfer.gpa(), transfer.length(), transfer.progress());
        }
        if (unfinished != null) {
            board.defer(unfinished::run);
        }
    }

    @Override
    public SavedState save() {
        Map<String, Object> fields = new LinkedHashMap<>();
        synchronized (lock) {
            for (TestRegister register : TestRegister.values()) {
                fields.put(register.name(), get(register));
            }
            fields.put("armed", armed);
            fields.put("transferring", transfer != null);
            if (transfer != null) {
                fields.put("iova", transfer.iova());
                fields.put("gpa", transfer.gpa());
                fields.put("length", transfer.length());
                fields.put("progress", transfer.progress());
            }
        }
        return new SavedState(TYPE, STATE_VERSION, fields);
    }

    @Override
    public void restore(SavedState state) throws RestoreException {
        state.require(TYPE, STATE_VERSION);
        int[] saved = new int[words.length];
        for (TestRegister register : TestRegister.values()) {
            saved[register.ordinal()] = (int) state.getLong(register.name());
        }
        boolean savedArmed = state.get("armed", Boolean.class);
        boolean transferring = state.get("transferring", Boolean.class);
        long iova = transferring ? state.getLong("iova") : 0;
        long gpa = transferring ? state.getLong("gpa") : 0;
        long length = transferring ? state.getLong("length") : 1;
        long progress = transferring ? state.getLong("progress") : 0;
        if (length < 1 || length > TestTransfer.MAX_LENGTH || progress < 0 || progress > 2 * length) {
            throw new RestoreException("state of %s: transfer of %d bytes, %d done: expected 1 to %d, up to twice that"
                    .formatted(TYPE, length, progress, TestTransfer.MAX_LENGTH));
        }
        synchronized (lock) {
            System.arraycopy(saved, 0, words, 0, words.length);
            armed = savedArmed;
            quiesced = true;
            transfer = null;
            if (transferring) {
                prepare(iova, gpa, (int) length, (int) progress);
            }
        }
    }

    @Override
    public void unrealize() {
        quiesce();
    }

    @Override
    public InspectNode inspect() {
        synchronized (lock) {
            var nodes = new ArrayList<InspectNode>();
            for (TestRegister register : TestRegister.values()) {
                nodes.add(InspectNode.hex(register.name(), get(register) & 0xFFFF_FFFFL));
            }
            nodes.add(InspectNode.text("armed", Boolean.toString(armed)));
            nodes.add(InspectNode.text("transfer", transfer == null ? "none" : "%d of %d bytes"
                    .formatted(transfer.progress(), 2 * transfer.length())).withNote("written plus read back"));
            return InspectNode.group(TYPE, List.copyOf(nodes));
        }
    }
}
