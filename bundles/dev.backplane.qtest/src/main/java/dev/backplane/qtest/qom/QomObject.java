package dev.backplane.qtest.qom;

import dev.backplane.board.Slot;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * An object of the tree.
 *
 * @param type its type
 * @param path its path
 * @param slot the slot that it stands for
 * @param ownProperties properties beside its type and its children
 * @param children children by name, in order
 */
public record QomObject(
        String type,
        String path,
        Optional<Slot> slot,
        Supplier<List<QomProperty>> ownProperties,
        Map<String, QomObject> children) {

    static QomObject container(String type, String path) {
        return new QomObject(type, path, Optional.empty(), List::of, new LinkedHashMap<>());
    }

    /** Adds a child. */
    QomObject add(String name, QomObject child) {
        children.put(name, child);
        return this;
    }

    /** {@return the path of a child} */
    String below(String name) {
        return path.equals("/") ? "/" + name : path + "/" + name;
    }
}
