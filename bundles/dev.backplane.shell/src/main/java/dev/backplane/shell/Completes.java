package dev.backplane.shell;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** What completion offers for a parameter of a command. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.PARAMETER)
@interface Completes {
    /** {@return what values there are} */
    Kind value();

    /** Kinds of values. */
    enum Kind {
        /** Boards. */
        BOARD,
        /** Slots of the current board. */
        SLOT,
        /** Slots that a user plugged. */
        PLUGGED_SLOT,
        /** Slots that hold an SMMU. */
        SMMU,
        /** Device types. */
        DEVICE_TYPE,
        /** {@code key=} and {@code key=value} of the device type in the first argument. */
        DEVICE_PROPERTY,
        /** The same of the device type in the slot of the first argument. */
        SLOT_PROPERTY,
        /** StreamIDs with a valid stream table entry. */
        STREAM,
        /** Addresses of PCI functions. */
        FUNCTION,
        /** Machine types. */
        MACHINE,
        /** Access widths. */
        WIDTH,
        /** Files and folders, and the shipped bundles. */
        FILE
    }
}
