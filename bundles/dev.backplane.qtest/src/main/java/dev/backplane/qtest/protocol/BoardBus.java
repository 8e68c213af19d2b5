package dev.backplane.qtest.protocol;

import dev.backplane.board.Board;
import dev.backplane.board.MachineDefinition;
import dev.backplane.board.RootBusDefinition;
import dev.backplane.board.RootBusDefinition.Window;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** The system bus of a board, for one thread. */
final class BoardBus implements Bus {
    /** How long a held transaction may take; longer than a slot's time-out. */
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private static final int LARGEST_SCALAR = 8;

    private final DmaPort port;
    private final TransactionContext context;
    private final List<RootBusDefinition> rootBuses;

    /** Opens a port; the calling thread is the one that uses it. */
    BoardBus(Board board) {
        port = board.systemPort("qtest");
        context = board.epochs().context();
        rootBuses = board.machine().map(MachineDefinition::rootBuses).orElse(List.of());
    }

    @Override
    public long read(long address, int size) throws CommandFailure {
        TransactionResult result = port.read(context, address, size);
        if (result.isDone()) {
            return context.data();
        }
        if (result instanceof TransactionResult.Pending(var ticket)) {
            var held = new HeldAccess(ticket);
            result = held.await(PATIENCE);
            if (result.isDone()) {
                return held.data();
            }
        }
        return floating(address, result) ? -1L >>> (Long.SIZE - Byte.SIZE * size) : 0;
    }

    @Override
    public void write(long address, int size, long value) throws CommandFailure {
        await(port.write(context, address, size, value));
    }

    @Override
    public void read(long address, byte[] target, int from, int length) throws CommandFailure {
        if (isScalar(address, length)) {
            long value = read(address, length);
            for (int i = 0; i < length; i++) {
                target[from + i] = (byte) (value >>> (Byte.SIZE * i));
            }
            return;
        }
        TransactionResult result =
                await(port.read(context, address, MemorySegment.ofArray(target), from, length));
        if (result.isDone()) {
            return;
        }
        if (length == 1) {
            target[from] = (byte) (floating(address, result) ? -1 : 0);
            return;
        }
        // Some of it answers, perhaps: what does not reads as a floating bus.
        for (int done = 0; done < length; ) {
            int piece = piece(address + done, length - done);
            read(address + done, target, from + done, piece);
            done += piece;
        }
    }

    @Override
    public void write(long address, byte[] source, int from, int length) throws CommandFailure {
        if (isScalar(address, length)) {
            long value = 0;
            for (int i = 0; i < length; i++) {
                value |= (source[from + i] & 0xFFL) << (Byte.SIZE * i);
            }
            write(address, length, value);
            return;
        }
        TransactionResult result =
                await(port.write(context, address, MemorySegment.ofArray(source), from, length));
        if (!result.isDone() && length > 1 && result == Fault.DECODE_ERROR) {
            for (int done = 0; done < length; ) {
                int piece = piece(address + done, length - done);
                write(address + done, source, from + done, piece);
                done += piece;
            }
        }
    }

    private static boolean isScalar(long address, int length) {
        return length <= LARGEST_SCALAR && Integer.bitCount(length) == 1 && (address & length - 1) == 0;
    }

    /** {@return the largest aligned scalar at an address} */
    private static int piece(long address, int most) {
        int piece = LARGEST_SCALAR;
        while (piece > most || (address & piece - 1) != 0) {
            piece >>= 1;
        }
        return piece;
    }

    private static TransactionResult await(TransactionResult result) throws CommandFailure {
        return result instanceof TransactionResult.Pending(var ticket)
                ? new HeldAccess(ticket).await(PATIENCE)
                : result;
    }

    /** PCI windows show all ones where no function answers; the rest of the map shows zero. */
    private boolean floating(long address, TransactionResult result) {
        return result == Fault.DECODE_ERROR
                && rootBuses.stream()
                        .flatMap(root -> Arrays.asList(root.io(), root.memory32(), root.memory64()).stream())
                        .anyMatch(window -> holds(window, address));
    }

    private static boolean holds(Window window, long address) {
        return window != null && Long.compareUnsigned(address - window.base(), window.size()) < 0;
    }

    @Override
    public long port(long number) throws CommandFailure {
        if (number >>> 16 != 0) {
            throw new CommandFailure("I/O port 0x%x is out of range: expected 0x0 to 0xffff".formatted(number));
        }
        if (rootBuses.isEmpty()) {
            throw new CommandFailure("the machine has no I/O ports");
        }
        return rootBuses.getFirst().io().base() + number;
    }
}
