package dev.backplane.itest.qemu;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.backplane.itest.MachineProcess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** One of two machines that are compared, driven over qtest and QMP. */
final class Peer implements AutoCloseable {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String UNATTACHED = "/machine/unattached";

    private final MachineProcess process;
    private final String name;
    private final List<String> batch = new ArrayList<>();
    /** What a driver noted about this machine, dropped by a reset: it stands for the state that the machine is in. */
    private boolean prepared;
    private boolean intercepted;
    private boolean lastWasTwoLevel;

    private Peer(String name, MachineProcess process) {
        this.name = name;
        this.process = process;
    }

    static Peer ours(String arguments) throws Exception {
        return start("Backplane", MachineProcess.program(), arguments);
    }

    static Peer qemu(QemuProgram program, String arguments) throws Exception {
        return start("QEMU", program.path(), arguments);
    }

    private static Peer start(String name, String program, String arguments) throws Exception {
        var peer = new Peer(name, new MachineProcess(program, arguments));
        try {
            peer.greet();
            return peer;
        } catch (Exception e) {
            try (peer) {
                throw e;
            }
        }
    }

    private void greet() throws IOException {
        process.qtest("endianness");
        process.qmp("{\"execute\": \"qmp_capabilities\"}");
        process.qmp("");
    }

    /** Adds a command to what {@link #flush} sends. */
    Peer post(String command, Object... values) {
        batch.add(command.formatted(values));
        return this;
    }

    Peer write(int size, long address, long value) {
        return post("write%s 0x%x 0x%x", width(size), address, size == 8 ? value : value & (1L << 8 * size) - 1);
    }

    Peer write32(long address, long value) {
        return write(4, address, value);
    }

    Peer write64(long address, long value) {
        return write(8, address, value);
    }

    Peer bytes(long address, byte[] data) {
        return post("b64write 0x%x 0x%x %s", address, data.length, Base64.getEncoder().encodeToString(data));
    }

    Peer read(int size, long address) {
        return post("read%s 0x%x", width(size), address);
    }

    Peer read32(long address) {
        return read(4, address);
    }

    private static String width(int size) {
        return switch (size) {
            case 1 -> "b";
            case 2 -> "w";
            case 4 -> "l";
            case 8 -> "q";
            default -> throw new IllegalArgumentException("%d: 1, 2, 4 or 8 bytes expected".formatted(size));
        };
    }

    /** Sends what was posted; answers the values that the reads among it gave, in order. */
    long[] flush() throws IOException {
        List<String> replies = process.qtest(batch);
        var values = new ArrayList<Long>();
        for (int i = 0; i < replies.size(); i++) {
            String reply = replies.get(i);
            if (!reply.startsWith("OK")) {
                throw new IOException("%s: %s: %s".formatted(name, batch.get(i), reply));
            }
            if (batch.get(i).startsWith("read")) {
                values.add(Long.parseUnsignedLong(reply.substring("OK 0x".length()), 16));
            }
        }
        batch.clear();
        return values.stream().mapToLong(Long::longValue).toArray();
    }

    byte[] readBytes(long address, int length) throws IOException {
        flush();
        String reply = process.qtest("b64read 0x%x 0x%x".formatted(address, length));
        return Base64.getDecoder().decode(reply.substring("OK ".length()));
    }

    /** {@return the lines that went up since the last call; how often is not told} */
    Set<Integer> raisedLines() {
        Set<Integer> raised = new TreeSet<>();
        for (String change : process.interrupts) {
            String[] words = change.split(" ");
            if (words[1].equals("raise")) {
                raised.add(Integer.decode(words[2]));
            }
        }
        process.interrupts.clear();
        return raised;
    }

    /** {@return the answer of the monitor, an object with {@code return} or {@code error}} */
    JsonNode qmp(String request) throws IOException {
        return JSON.readTree(process.qmp(request));
    }

    /** {@return where in the tree of objects a device of the machine is} */
    String pathOf(String type) throws IOException {
        JsonNode children = qmp("{'execute':'qom-list','arguments':{'path':'%s'}}".formatted(UNATTACHED));
        for (JsonNode child : children.get("return")) {
            if (child.get("type").asText().equals("child<%s>".formatted(type))) {
                return UNATTACHED + "/" + child.get("name").asText();
            }
        }
        throw new IOException("%s: no %s below %s: %s".formatted(name, type, UNATTACHED, children));
    }

    void reset() throws IOException {
        process.events.clear();
        qmp("{'execute':'system_reset'}");
        process.awaitEvent("RESET");
        prepared = false;
        lastWasTwoLevel = false;
    }

    /** Has the lines of the interrupt controller reported; once in the life of a machine. */
    void interceptInterrupts(String controller) throws IOException {
        if (!intercepted) {
            process.qtest("irq_intercept_in " + pathOf(controller));
            intercepted = true;
        }
    }

    boolean lastWasTwoLevel() {
        return lastWasTwoLevel;
    }

    void lastWasTwoLevel(boolean value) {
        lastWasTwoLevel = value;
    }

    /** {@return the events of the monitor so far} */
    List<String> events() {
        return process.events;
    }

    void awaitEvent(String event) throws IOException {
        process.awaitEvent(event);
    }

    /** {@return whether nothing was prepared since the last reset; true once} */
    boolean prepareOnce() {
        boolean first = !prepared;
        prepared = true;
        return first;
    }

    @Override
    public void close() throws Exception {
        process.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
