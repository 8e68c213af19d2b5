package dev.backplane.qtest.protocol;

import java.io.IOException;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;

/** Accesses to memory and I/O ports. */
final class MemoryCommands {
    /** Most bytes that one command moves. */
    static final long MOST_BYTES = 1L << 28;

    /** A multiple of 3, so that base64 pieces join without padding, and of 8. */
    private static final int PIECE = 48 << 10;

    private static final int PORT_DIGITS = 4;
    private static final int DIGITS = 16;

    private final Bus bus;
    private final byte[] piece = new byte[PIECE];

    MemoryCommands(Bus bus) {
        this.bus = bus;
    }

    void addTo(Map<String, Command> commands) {
        scalar(commands, 'b', 1);
        scalar(commands, 'w', 2);
        scalar(commands, 'l', 4);
        commands.put("readq", read(8));
        commands.put("writeq", write(8));
        commands.put("read", this::readHex);
        commands.put("write", this::writeHex);
        commands.put("b64read", this::readBase64);
        commands.put("b64write", this::writeBase64);
        commands.put("memset", this::fill);
    }

    private void scalar(Map<String, Command> commands, char width, int size) {
        commands.put("read" + width, read(size));
        commands.put("write" + width, write(size));
        commands.put("in" + width, (words, replies) -> {
            long value = bus.read(bus.port(words.number(1)), size);
            replies.text("OK 0x").hex(value, Math.max(PORT_DIGITS, 2 * size));
        });
        commands.put("out" + width, (words, replies) -> {
            bus.write(bus.port(words.number(1)), size, words.number(2));
            replies.text("OK");
        });
    }

    private Command read(int size) {
        return (words, replies) -> {
            long value = bus.read(words.number(1), size);
            replies.text("OK 0x").hex(value, DIGITS);
        };
    }

    private Command write(int size) {
        return (words, replies) -> {
            bus.write(words.number(1), size, words.number(2));
            replies.text("OK");
        };
    }

    private static long length(Words words, long least) throws CommandFailure {
        long length = words.number(2);
        if (length < least || length > MOST_BYTES) {
            throw new CommandFailure("%s: length 0x%x is out of range: expected 0x%x to 0x%x"
                    .formatted(words.text(0), length, least, MOST_BYTES));
        }
        return length;
    }

    private void readHex(Words words, Replies replies) throws CommandFailure, IOException {
        long address = words.number(1);
        int length = (int) length(words, 1);
        byte[] data = readAll(address, length);
        replies.text("OK 0x");
        for (int done = 0; done < length; ) {
            int now = Math.min(PIECE, length - done);
            replies.hex(data, done, now);
            replies.drain();
            done += now;
        }
    }

    private void readBase64(Words words, Replies replies) throws CommandFailure, IOException {
        long address = words.number(1);
        int length = (int) length(words, 0);
        byte[] data = readAll(address, length);
        replies.text("OK ");
        for (int done = 0; done < length; ) {
            int now = Math.min(PIECE, length - done);
            byte[] text = Base64.getEncoder().encode(Arrays.copyOfRange(data, done, done + now));
            replies.bytes(text, 0, text.length);
            replies.drain();
            done += now;
        }
    }

    /** Reads everything before any of it is answered: an access that fails must not leave half a reply. */
    private byte[] readAll(long address, int length) throws CommandFailure {
        byte[] data = length <= PIECE ? piece : room(length);
        for (int done = 0; done < length; ) {
            int now = Math.min(PIECE, length - done);
            bus.read(address + done, data, done, now);
            done += now;
        }
        return data;
    }

    private static byte[] room(int length) throws CommandFailure {
        try {
            return new byte[length];
        } catch (OutOfMemoryError e) {
            throw new CommandFailure("no memory for 0x%x bytes: read less at a time".formatted(length));
        }
    }

    private void writeHex(Words words, Replies replies) throws CommandFailure {
        long address = words.number(1);
        long length = length(words, 1);
        int at = words.start(3);
        int end = words.end(3);
        if (end - at < 3) {
            replies.text("ERR invalid argument size");
            return;
        }
        byte[] text = words.bytes();
        if (text[at] != '0' || text[at + 1] != 'x') {
            throw new CommandFailure("write: data must begin with 0x");
        }
        at += 2;
        checkHex(text, at, end);
        for (long done = 0; done < length; ) {
            int now = (int) Math.min(PIECE, length - done);
            for (int i = 0; i < now; i++) {
                int high = at < end ? Character.digit(text[at++], 16) : 0;
                int low = at < end ? Character.digit(text[at++], 16) : 0;
                piece[i] = (byte) (high << 4 | low);
            }
            bus.write(address + done, piece, 0, now);
            done += now;
        }
        replies.text("OK");
    }

    private static void checkHex(byte[] text, int from, int to) throws CommandFailure {
        for (int i = from; i < to; i++) {
            if (Character.digit(text[i], 16) < 0) {
                throw new CommandFailure("write: data holds something that is no hexadecimal digit");
            }
        }
    }

    private void writeBase64(Words words, Replies replies) throws CommandFailure {
        long address = words.number(1);
        int length = (int) length(words, 0);
        int at = words.count() > 3 ? words.start(3) : 0;
        byte[] data = new byte[0];
        if (words.count() > 3) {
            try {
                data = Base64.getDecoder().decode(Arrays.copyOfRange(words.bytes(), at, words.end(3)));
            } catch (IllegalArgumentException e) {
                throw new CommandFailure("b64write: data is no base64: " + e.getMessage());
            }
        }
        int count = Math.min(length, data.length); // the shorter one counts
        if (count > 0) {
            bus.write(address, data, 0, count);
        }
        replies.text("OK");
    }

    private void fill(Words words, Replies replies) throws CommandFailure {
        long address = words.number(1);
        long length = length(words, 0);
        Arrays.fill(piece, (byte) words.number(3));
        for (long done = 0; done < length; ) {
            int now = (int) Math.min(PIECE, length - done);
            bus.write(address + done, piece, 0, now);
            done += now;
        }
        replies.text("OK");
    }
}
