package dev.backplane.core.slot;

import java.util.Optional;

/** What the platform offers to devices beyond their board. */
public interface PlatformServices {

    /**
     * Something in use.
     *
     * @param service the implementation
     * @param release gives it back
     * @param <T> the contract
     */
    record Lease<T>(T service, Runnable release) {}

    /** {@return the platform's implementation of a contract, or empty when it has none} */
    <T> Optional<Lease<T>> find(Class<T> contract);

    /** Nothing on offer. */
    PlatformServices NONE = new PlatformServices() {
        @Override
        public <T> Optional<Lease<T>> find(Class<T> contract) {
            return Optional.empty();
        }
    };
}
