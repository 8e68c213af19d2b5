package dev.backplane.qtest.qom;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Names of the slots of devices that a user gives no id. They hold a character that no id has, so none can equal one,
 * and none is given twice. Thread-safe.
 */
public final class AnonymousSlots {
    private static final char MARK = '#';

    private final AtomicInteger next = new AtomicInteger();

    /** {@return a name for a device of that type} */
    public String name(String type) {
        return type + MARK + next.getAndIncrement();
    }

    /** {@return whether a slot has a name of this kind} */
    public static boolean isAnonymous(String slot) {
        return slot.indexOf(MARK) >= 0;
    }
}
