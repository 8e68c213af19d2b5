package dev.backplane.qtest.qom;

/**
 * A property of an object.
 *
 * @param name name
 * @param type type as QMP spells it, for example {@code bool} or {@code child<edu>}
 * @param value value, as JSON has it
 */
public record QomProperty(String name, String type, Object value) {}
