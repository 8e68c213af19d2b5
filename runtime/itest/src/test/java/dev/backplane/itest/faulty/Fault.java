package dev.backplane.itest.faulty;

import java.util.Locale;
import java.util.concurrent.locks.LockSupport;

/** What is wrong with a bundle of the faulty device: one callback of the contract and how it fails. */
public enum Fault {
    /** Nothing is wrong. */
    NONE,
    ACTIVATE_THROWS,
    ACTIVATE_HANGS,
    PROPERTIES_THROWS,
    PROPERTIES_NULL,
    CREATE_THROWS,
    CREATE_HANGS,
    CREATE_NULL,
    DESCRIBE_THROWS,
    DESCRIBE_NULL,
    DESCRIBE_OTHER,
    REALIZE_REFUSES,
    REALIZE_THROWS,
    REALIZE_ERROR,
    REALIZE_HANGS,
    RESET_THROWS,
    RESET_HANGS,
    QUIESCE_THROWS,
    QUIESCE_HANGS,
    SAVE_THROWS,
    SAVE_HANGS,
    SAVE_NULL,
    RESTORE_REFUSES,
    RESTORE_THROWS,
    RESTORE_HANGS,
    RESUME_THROWS,
    RESUME_HANGS,
    UNREALIZE_THROWS,
    UNREALIZE_HANGS,
    LEAKS_THREAD;

    /** Header of the bundle that names its fault. */
    public static final String HEADER = "Fault";

    /** System property: lets go of all threads that hang. */
    public static final String RELEASE = "backplane.itest.release";

    /** Does what a callback with this fault does at that point: nothing, throw, or hang. */
    void at(String callback) {
        if (name().equals(callback + "_THROWS")) {
            throw new IllegalStateException("injected into " + callback.toLowerCase(Locale.ROOT));
        }
        if (name().equals(callback + "_ERROR")) {
            throw new NoClassDefFoundError("injected into " + callback.toLowerCase(Locale.ROOT));
        }
        if (name().equals(callback + "_HANGS")) {
            hang();
        }
    }

    /** Does not return, whoever interrupts it, until tests let go. */
    static void hang() {
        while (!Boolean.getBoolean(RELEASE)) {
            LockSupport.parkNanos(1_000_000);
            Thread.interrupted();
        }
    }
}
