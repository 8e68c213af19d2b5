package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.INT;
import static dev.backplane.qtest.qmp.QmpCommand.JsonType.STRING;
import static dev.backplane.qtest.qmp.QmpCommand.optional;
import static dev.backplane.qtest.qmp.QmpCommand.required;

import dev.backplane.board.Board;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Commands that save memory to files. No processor runs, so no processor translates, and the addresses of memsave are
 * physical ones too.
 */
final class MemoryFileCommands {
    private static final int PIECE = 1 << 16;

    private final Optional<Board> board;

    MemoryFileCommands(Optional<Board> board) {
        this.board = board;
    }

    void addTo(QmpCatalog catalog) {
        var address = required("val", INT);
        var size = required("size", INT);
        var file = required("filename", STRING);
        catalog.add(QmpCommand.of("memsave", this::save, address, size, file, optional("cpu-index", INT)));
        catalog.add(QmpCommand.of("pmemsave", this::save, address, size, file));
    }

    private Object save(QmpArguments arguments) throws QmpException {
        Board machine = board.orElseThrow(() -> QmpException.generic("machine type none has no memory"));
        long address = arguments.number("val");
        long size = arguments.number("size");
        if (size < 0) {
            throw QmpException.generic("Parameter 'size' expects 0 or more, not %d".formatted(size));
        }
        DmaPort port = machine.systemPort("qmp");
        TransactionContext context = machine.epochs().context();
        byte[] piece = new byte[PIECE];
        try (OutputStream out = Files.newOutputStream(Path.of(arguments.text("filename")))) {
            for (long done = 0; done < size; ) {
                int now = (int) Math.min(PIECE, size - done);
                if (!port.read(context, address + done, MemorySegment.ofArray(piece), 0, now).isDone()) {
                    throw QmpException.generic("Invalid addr 0x%016x/size %d specified".formatted(address, size));
                }
                out.write(piece, 0, now);
                done += now;
            }
        } catch (IOException e) {
            throw QmpException.generic("Could not open '%s': %s".formatted(arguments.text("filename"), e.getMessage()));
        }
        return Map.of();
    }
}
