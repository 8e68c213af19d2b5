package dev.backplane.qtest.qmp;

import static dev.backplane.qtest.qmp.QmpCommand.JsonType.INT;
import static dev.backplane.qtest.qmp.QmpCommand.JsonType.STRING;
import static dev.backplane.qtest.qmp.QmpCommand.optional;
import static dev.backplane.qtest.qmp.QmpCommand.required;

import dev.backplane.board.Board;
import dev.backplane.memory.DmaPort;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.memory.TransactionResult.Fault;
import dev.backplane.qtest.chardev.IoReason;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * Commands that save memory to files. No processor runs, so no processor translates, and the addresses of memsave are
 * physical ones too. Where nothing answers pmemsave saves zeros, and memsave fails as it does for what is not
 * translated.
 */
final class MemoryFileCommands {
    /** What is read at a time, aligned: no more than the smallest region, so that a hole is all of it or nothing. */
    private static final int PIECE = 1 << 12;

    private static final int BUFFER = 1 << 18;

    private final Optional<Board> board;

    MemoryFileCommands(Optional<Board> board) {
        this.board = board;
    }

    void addTo(QmpCatalog catalog) {
        var address = required("val", INT);
        var size = required("size", INT);
        var file = required("filename", STRING);
        catalog.add(QmpCommand.of(
                "memsave", arguments -> save(arguments, false), address, size, file, optional("cpu-index", INT)));
        catalog.add(QmpCommand.of("pmemsave", arguments -> save(arguments, true), address, size, file));
    }

    private Object save(QmpArguments arguments, boolean holes) throws QmpException {
        Board machine = board.orElseThrow(() -> QmpException.generic("machine type none has no memory"));
        long address = arguments.number("val");
        long size = arguments.number("size");
        if (size < 0) {
            throw QmpException.generic("Parameter 'size' expects 0 or more, not %d".formatted(size));
        }
        DmaPort port = machine.systemPort("qmp");
        TransactionContext context = machine.epochs().context();
        byte[] piece = new byte[PIECE];
        try (OutputStream out =
                new BufferedOutputStream(Files.newOutputStream(Path.of(arguments.text("filename"))), BUFFER)) {
            for (long done = 0; done < size; ) {
                int now = (int) Math.min(PIECE - (address + done & PIECE - 1), size - done);
                TransactionResult result = port.read(context, address + done, MemorySegment.ofArray(piece), 0, now);
                if (holes && result instanceof Fault) {
                    Arrays.fill(piece, 0, now, (byte) 0);
                } else if (!result.isDone()) {
                    throw QmpException.generic("Invalid addr 0x%016x/size %d specified".formatted(address, size));
                }
                out.write(piece, 0, now);
                done += now;
            }
        } catch (IOException e) {
            throw QmpException.generic("Could not open '%s': %s".formatted(arguments.text("filename"), IoReason.of(e)));
        }
        return Map.of();
    }
}
