package dev.backplane.shell;

import dev.backplane.board.Cause;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.pci.Bdf;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A slot with the abilities that a test gives it. */
final class FakeSlot implements Slot {
    List<Cause> why = List.of();
    private final String name;
    private final String type;
    private final State state;
    private final List<Object> capabilities;

    FakeSlot(String name, String type, State state, List<Object> capabilities) {
        this.name = name;
        this.type = type;
        this.state = state;
        this.capabilities = capabilities;
    }

    @Override
    public SlotDefinition definition() {
        return FakeBoard.definition(name, type);
    }

    @Override
    public State state() {
        return state;
    }

    @Override
    public Optional<String> provider() {
        return state == State.RUNNING ? Optional.of("dev.backplane.fake 0.1.0 [7]") : Optional.empty();
    }

    @Override
    public Optional<String> pin() {
        return Optional.empty();
    }

    @Override
    public Map<String, Long> counters() {
        return Map.of();
    }

    @Override
    public Map<String, Object> properties() {
        return Map.of();
    }

    @Override
    public Optional<Bdf> pciAddress() {
        return Optional.empty();
    }

    @Override
    public List<Cause> why() {
        return why;
    }

    @Override
    public List<HistoryEntry> history() {
        return state != State.RUNNING ? List.of() : List.of(
                new HistoryEntry(Instant.EPOCH, "REALIZED", "dev.backplane.fake 0.1.0 [7]", Duration.ofMillis(12)),
                new HistoryEntry(Instant.EPOCH, "SWAP_REFUSED", "a stream translates"),
                new HistoryEntry(Instant.EPOCH, "HANDED_OVER", "from one to another", Duration.ofNanos(345_678)));
    }

    @Override
    public long handOvers() {
        return 2;
    }

    @Override
    public long aborts() {
        return 0;
    }

    @Override
    public <C, R> Optional<R> with(Class<C> capability, Function<C, R> use) {
        return capabilities.stream().filter(capability::isInstance).findFirst().map(capability::cast).map(use);
    }
}
