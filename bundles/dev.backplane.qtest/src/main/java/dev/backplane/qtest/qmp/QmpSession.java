package dev.backplane.qtest.qmp;

import dev.backplane.qtest.control.EventListener;
import dev.backplane.qtest.json.Json;
import dev.backplane.qtest.json.JsonException;
import dev.backplane.qtest.json.JsonFramer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One client: greeting, negotiation, then a reply for each request. Requests come on one thread, events on any. */
final class QmpSession implements JsonFramer.Sink, EventListener {
    private static final System.Logger LOGGER = System.getLogger(QmpSession.class.getName());
    private static final int BUFFER = 1 << 14;
    private static final String EXECUTE = "execute";
    private static final String OUT_OF_BAND = "exec-oob";
    private static final List<String> MEMBERS = List.of(EXECUTE, "arguments", "id");

    private final ByteChannel channel;
    private final QmpCatalog catalog;
    private final Outbox outbox;
    private volatile boolean negotiated;
    private boolean outOfBand;

    /** Takes a client; the calling thread is the one that serves it. */
    QmpSession(ByteChannel channel, QmpCatalog catalog) {
        this.channel = channel;
        outbox = new Outbox(channel);
        this.catalog = catalog;
    }

    /** Serves until the client leaves. */
    void run() throws IOException {
        outbox.reply(line(Members.of("QMP", Members.of("version", QmpServer.version(), "capabilities", QmpCatalog.CAPABILITIES))));
        var framer = new JsonFramer(this);
        byte[] bytes = new byte[BUFFER];
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        try {
            while (channel.read(buffer.clear()) >= 0) {
                framer.take(bytes, 0, buffer.position());
            }
        } catch (UncheckedIOException e) {
            throw e.getCause();
        } finally {
            negotiated = false;
            outbox.close();
        }
    }

    /** Sends an event, if the client has negotiated. */
    @Override
    public void happened(String name, Map<String, Object> data) {
        if (!negotiated) {
            return;
        }
        Instant now = Instant.now();
        Map<String, Object> event = Members.of(
                "timestamp", Members.of("seconds", now.getEpochSecond(), "microseconds", now.getNano() / 1000L),
                "event", name);
        if (!data.isEmpty()) {
            event.put("data", data);
        }
        outbox.event(line(event));
    }

    @Override
    public void awaitDelivery(long nanoTime) {
        outbox.awaitSent(nanoTime);
    }

    @Override
    public void malformed(String reason) {
        reply(error(QmpException.generic(reason)), Optional.empty());
    }

    @Override
    public void value(byte[] bytes, int length) {
        Map<String, Object> request = Map.of();
        QmpArguments arguments = null;
        Map<String, Object> answer;
        try {
            request = object(Json.parse(bytes, length), "QMP input must be a JSON object");
            String execute = executing(request);
            Map<String, Object> given = object(
                    request.getOrDefault("arguments", Map.of()), "QMP input member 'arguments' must be an object");
            QmpCommand command = command((String) request.get(execute), execute.equals(OUT_OF_BAND));
            arguments = QmpArguments.check(command, given);
            answer = Members.of("return", command.action().run(arguments));
            if (command.name().equals(QmpCatalog.NEGOTIATION)) {
                outOfBand = arguments.value("enable") instanceof List<?> wanted && wanted.contains(QmpCatalog.OUT_OF_BAND);
                negotiated = true;
            }
        } catch (JsonException e) {
            answer = error(QmpException.generic("JSON parse error, " + e.getMessage()));
        } catch (QmpException e) {
            answer = error(e);
        } catch (RuntimeException e) {
            LOGGER.log(System.Logger.Level.WARNING, "QMP command failed", e);
            answer = error(QmpException.generic(e.getMessage() == null ? e.toString() : e.getMessage()));
            arguments = null;
        }
        reply(answer, Optional.of(request));
        if (arguments != null) {
            arguments.finish();
            send();
        }
    }

    /** {@return the member of a well-formed request that names the command} */
    private String executing(Map<String, Object> request) throws QmpException {
        String execute = outOfBand && request.containsKey(OUT_OF_BAND) ? OUT_OF_BAND : EXECUTE;
        for (String member : request.keySet()) {
            if (!MEMBERS.contains(member) && !member.equals(execute)) {
                throw QmpException.generic("QMP input member '%s' is unexpected".formatted(member));
            }
        }
        if (!request.containsKey(execute)) {
            throw QmpException.generic("QMP input lacks member 'execute'");
        }
        if (execute.equals(OUT_OF_BAND) && request.containsKey(EXECUTE)) {
            throw QmpException.generic("QMP input member 'exec-oob' clashes with 'execute'");
        }
        if (!(request.get(execute) instanceof String)) {
            throw QmpException.generic("QMP input member '%s' must be a string".formatted(execute));
        }
        return execute;
    }

    private QmpCommand command(String name, boolean overtakes) throws QmpException {
        boolean negotiates = name.equals(QmpCatalog.NEGOTIATION);
        if (!negotiated && !negotiates) {
            throw QmpException.commandNotFound(
                    "Expecting capabilities negotiation with '%s'".formatted(QmpCatalog.NEGOTIATION));
        }
        if (negotiated && negotiates) {
            throw QmpException.commandNotFound("Capabilities negotiation is already complete, command ignored");
        }
        QmpCommand command = catalog.find(name)
                .orElseThrow(() -> QmpException.commandNotFound("The command %s has not been found".formatted(name)));
        if (overtakes) {
            throw QmpException.generic("The command %s does not support OOB; use 'execute'".formatted(name));
        }
        return command;
    }

    @SuppressWarnings("unchecked") // keys of JSON objects are strings
    private static Map<String, Object> object(Object value, String complaint) throws QmpException {
        if (value instanceof Map<?, ?> map) {
            return (Map<String, Object>) map;
        }
        throw QmpException.generic(complaint);
    }

    private static Map<String, Object> error(QmpException e) {
        return Members.of("error", Members.of("class", e.kind().name(), "desc", e.getMessage()));
    }

    /** Answers; a request that has an id, null included, finds it in its answer. */
    private void reply(Map<String, Object> answer, Optional<Map<String, Object>> request) {
        request.filter(members -> members.containsKey("id")).ifPresent(members -> answer.put("id", members.get("id")));
        try {
            outbox.reply(line(answer));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Sends the events of what was done afterwards. */
    private void send() {
        try {
            outbox.send();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static byte[] line(Map<String, Object> message) {
        byte[] text = Json.write(message);
        byte[] line = Arrays.copyOf(text, text.length + 2);
        line[text.length] = '\r';
        line[text.length + 1] = '\n';
        return line;
    }
}
