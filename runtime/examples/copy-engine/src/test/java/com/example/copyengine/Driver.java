package com.example.copyengine;

import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.RestoreException;
import dev.backplane.device.SavedState;
import dev.backplane.memory.TransactionAttributes;
import java.lang.foreign.ValueLayout;

/** A device under test, its board, and software that drives queue 1. */
final class Driver {
    static final int QUEUE = 1;
    static final long RING = FakeBoard.RAM + 0x1000;
    static final int LOG2_ENTRIES = 4;
    static final long SOURCE = FakeBoard.RAM + 0x1_0000;
    static final long TARGET = FakeBoard.RAM + 0x8_0000;

    private static final long REGISTERS = EngineRegisters.QUEUE_BASE + QUEUE * EngineRegisters.QUEUE_STRIDE;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;

    final FakeBoard board;
    final CopyEngine device;
    private int tail;

    private Driver(FakeBoard board, int tail) {
        this.board = board;
        this.tail = tail;
        device = new CopyEngine(2);
        device.realize(board);
    }

    /** {@return a device after reset, its queue enabled} */
    static Driver started() {
        var driver = new Driver(new FakeBoard(), 0);
        for (ResetPhase phase : ResetPhase.values()) {
            driver.device.reset(ResetKind.COLD, phase);
        }
        driver.device.resume();
        for (long offset = 0; offset < 0x4_0000; offset += 8) {
            driver.board.ram.set(WORD, SOURCE - FakeBoard.RAM + offset, offset * 0x9E37_79B9_7F4A_7C15L);
        }
        driver.write(0x0, RING);
        driver.write(0x4, RING >>> 32);
        driver.write(0x8, LOG2_ENTRIES);
        driver.write(0xC, 1);
        return driver;
    }

    /** {@return a successor on the same board, running, with the state of this device} */
    Driver handedOver() throws RestoreException {
        device.quiesce();
        return restored(device.save());
    }

    /** {@return a successor on the same board, running, with that state} */
    Driver restored(SavedState state) throws RestoreException {
        var next = new Driver(new FakeBoard(board), tail);
        next.device.restore(state);
        next.device.resume();
        next.board.expireTimers();
        return next;
    }

    void write(long register, long value) {
        device.write(board.thread, TransactionAttributes.NONE, REGISTERS + register, 4, value & 0xFFFF_FFFFL);
    }

    long read(long register) {
        device.read(board.thread, TransactionAttributes.NONE, REGISTERS + register, 4);
        return board.thread.data();
    }

    /** Puts a descriptor into the ring. {@return its index} */
    int post(int opcode, boolean interrupt, long length, long source, long target) {
        int index = tail;
        long at = RING - FakeBoard.RAM + index * 32L;
        board.ram.set(WORD, at, opcode | (interrupt ? 0x100 : 0) | length << 32);
        board.ram.set(WORD, at + 8, source);
        board.ram.set(WORD, at + 16, target);
        board.ram.set(WORD, at + 24, 0);
        tail = tail + 1 & (1 << LOG2_ENTRIES) - 1;
        return index;
    }

    /** Tells the device of what was posted. */
    void ring() {
        write(0x10, tail);
    }

    long result(int index) {
        return board.ram.get(WORD, RING - FakeBoard.RAM + index * 32L + 24);
    }

    byte[] bytes(long address, int length) {
        return board.ram.asSlice(address - FakeBoard.RAM, length).toArray(ValueLayout.JAVA_BYTE);
    }
}
