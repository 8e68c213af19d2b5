package dev.backplane.core.board;

import dev.backplane.board.MachineType;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;

/** The machine types on offer, by name. */
final class MachineTypes {
    private final ConcurrentMap<String, MachineType> byName = new ConcurrentHashMap<>();

    Optional<MachineType> find(String name) {
        return Optional.ofNullable(byName.get(name));
    }

    void add(String name, MachineType type) {
        byName.put(name, type);
    }

    void remove(String name, MachineType type) {
        byName.remove(name, type);
    }
}
