package dev.backplane.core.memory;

import dev.backplane.board.MachineDefinition.RamBank;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A bank of guest RAM in native memory: anonymous, or a file that other processes may share. */
final class RamBlock implements AutoCloseable {
    private final RamBank bank;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment memory;

    /**
     * Reserves the memory; the host gives pages as the guest touches them.
     *
     * @throws IllegalArgumentException if the host cannot
     */
    RamBlock(RamBank bank) {
        this.bank = bank;
        if (bank.size() <= 0 || (bank.base() | bank.size()) % 4096 != 0) {
            throw new IllegalArgumentException("RAM %s: base 0x%x, size 0x%x: expected multiples of 4096"
                    .formatted(bank.name(), bank.base(), bank.size()));
        }
        try {
            memory = bank.file().isEmpty() ? AnonymousMemory.map(bank.size(), arena) : mapFile();
        } catch (RuntimeException | OutOfMemoryError e) {
            arena.close();
            throw e instanceof IllegalArgumentException refused
                    ? refused
                    : new IllegalArgumentException("RAM %s: the host does not give 0x%x bytes: %s"
                            .formatted(bank.name(), bank.size(), e.getMessage()));
        }
    }

    private MemorySegment mapFile() {
        try (FileChannel file = FileChannel.open(
                Path.of(bank.file()),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
            return file.map(FileChannel.MapMode.READ_WRITE, 0, bank.size(), arena);
        } catch (IOException e) {
            throw new IllegalArgumentException("RAM %s: file %s cannot be mapped: %s; give a file on a local disk or "
                    .formatted(bank.name(), bank.file(), e.getMessage()) + "in shared memory with enough room");
        }
    }

    String name() {
        return bank.name();
    }

    long base() {
        return bank.base();
    }

    long size() {
        return bank.size();
    }

    MemorySegment memory() {
        return memory;
    }

    @Override
    public void close() {
        arena.close();
    }
}
