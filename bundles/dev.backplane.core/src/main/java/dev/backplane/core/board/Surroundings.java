package dev.backplane.core.board;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.core.slot.PlatformServices;
import dev.backplane.device.DeviceFactory;
import java.util.Map;
import java.util.Optional;

/** What boards need of the framework that they run in. */
interface Surroundings {

    /** {@return what the platform offers to devices} */
    PlatformServices platform();

    /** {@return the accelerator of that name; when it is not there, boards are told when one comes} */
    default Optional<PlatformServices.Lease<Accelerator>> accelerator(String name) {
        return Optional.empty();
    }

    /**
     * Makes a service known.
     *
     * @return takes it back
     */
    Runnable publish(Class<?> contract, Object service, Map<String, Object> properties);

    /**
     * {@return what would help when nobody offers a service, as a shell command where one is known, else a step}
     *
     * @param property name of the service property that is missed
     * @param value its value
     */
    String advice(String property, String value);

    /**
     * {@return what would help when nobody offers a device type for slots with these properties}
     *
     * @param type device type
     * @param given property values that the slot was given
     */
    default String factoryAdvice(String type, Map<String, ?> given) {
        return advice(DeviceFactory.TYPE, type);
    }

    /** Nothing around. */
    Surroundings NONE = new Surroundings() {
        @Override
        public PlatformServices platform() {
            return PlatformServices.NONE;
        }

        @Override
        public Runnable publish(Class<?> contract, Object service, Map<String, Object> properties) {
            return () -> {};
        }

        @Override
        public String advice(String property, String value) {
            return "install or start a bundle that provides it";
        }
    };
}
