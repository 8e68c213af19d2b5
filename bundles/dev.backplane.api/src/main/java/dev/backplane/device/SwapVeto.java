package dev.backplane.device;

import java.util.Map;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Capability of a model that has a say when its slot is to be given to another implementation, or to one with other
 * property values. An update of its bundle with the same property values is no swap, and asks nobody.
 *
 * <p>The engine asks both sides that implement this, on the thread of control callbacks, with their deadline: once
 * while transactions still flow, so that a swap without prospect disturbs nothing, and once more behind the closed
 * gate, where the answer is final. A reason from either side refuses the swap: the model that serves goes on, and the
 * user is told the reason. It should name what is in the way, StreamIDs for example, and what would help.
 */
@ConsumerType
public interface SwapVeto {

    /**
     * {@return why this model, which serves the slot, cannot be left now, or empty when it can}
     *
     * @param next all property values of the model that would follow, by name
     */
    default Optional<String> refuseToLeave(Map<String, Object> next) {
        return Optional.empty();
    }

    /**
     * {@return why this model, which is realized and has no state yet, cannot take over now, or empty when it can} What
     * depends on the state that it is to take over is refused by {@link DeviceModel#restore} instead.
     *
     * @param before all property values of the model that serves the slot, by name
     */
    default Optional<String> refuseToEnter(Map<String, Object> before) {
        return Optional.empty();
    }
}
