package dev.backplane.device;

import org.osgi.annotation.versioning.ConsumerType;

/**
 * Capability of a model that waits for all devices of the machine's definition before it settles what its properties
 * leave open ({@code auto}).
 */
@ConsumerType
public interface MachineDone {

    /**
     * All devices of the definition are realized; called once in the life of a slot, before the guest runs. What is
     * settled is saved state afterwards. A later model that begins without that state, as after a failure, is told too,
     * before transactions reach it.
     *
     * @throws RealizeException if the machine cannot run like that; the message says why and what to do
     */
    void machineDone() throws RealizeException;
}
