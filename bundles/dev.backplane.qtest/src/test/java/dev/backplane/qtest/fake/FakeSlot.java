package dev.backplane.qtest.fake;

import dev.backplane.board.Cause;
import dev.backplane.board.Slot;
import dev.backplane.board.SlotDefinition;
import dev.backplane.pci.Bdf;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A slot whose device is any object. */
public record FakeSlot(SlotDefinition definition, Object device) implements Slot {
    @Override
    public State state() {
        return State.RUNNING;
    }

    @Override
    public Optional<String> provider() {
        return Optional.empty();
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
        return new LinkedHashMap<>(definition.properties());
    }

    @Override
    public Optional<Bdf> pciAddress() {
        return Optional.empty();
    }

    @Override
    public List<Cause> why() {
        return List.of();
    }

    @Override
    public List<HistoryEntry> history() {
        return List.of();
    }

    @Override
    public long handOvers() {
        return 0;
    }

    @Override
    public long aborts() {
        return 0;
    }

    @Override
    public <C, R> Optional<R> with(Class<C> capability, Function<C, R> use) {
        return capability.isInstance(device) ? Optional.of(use.apply(capability.cast(device))) : Optional.empty();
    }
}
