package dev.backplane.launcher;

import java.util.List;

/**
 * Initializes classes that take long to do so, on a thread beside the one that starts the framework. They would be
 * initialized anyway, a little later.
 */
final class Preparation {
    /** In the order in which they are needed. */
    static final List<String> CLASSES = List.of(
            "org.apache.felix.framework.util.SecureAction", // reflects on what is annotated
            "dev.backplane.core.memory.AnonymousMemory", // links foreign functions
            "dev.backplane.qtest.ParentWatch");

    private Preparation() {}

    static void begin() {
        Thread.ofPlatform().daemon().name("backplane-preparation").start(Preparation::run);
    }

    private static void run() {
        for (String name : CLASSES) {
            try {
                Class.forName(name);
            } catch (ClassNotFoundException e) {
                return; // the bundles are not on the class path, so each has a class loader of its own
            } catch (LinkageError e) {
                return; // whoever needs the class reports it
            }
        }
    }
}
