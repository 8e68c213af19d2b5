package dev.backplane.qtest.processor;

import java.util.Optional;

/**
 * The processor models that the virt machine takes. They are those that QEMU 11.1 names when a model does not fit its
 * virt machine with -accel tcg; with -accel qtest it takes the last three only. No processor runs here, so what a model
 * is told makes no difference.
 */
public enum ProcessorModel {
    CORTEX_A7("cortex-a7"),
    CORTEX_A15("cortex-a15"),
    CORTEX_A35("cortex-a35"),
    CORTEX_A55("cortex-a55"),
    CORTEX_A72("cortex-a72"),
    CORTEX_A76("cortex-a76"),
    CORTEX_A710("cortex-a710"),
    A64FX("a64fx"),
    NEOVERSE_N1("neoverse-n1"),
    NEOVERSE_V1("neoverse-v1"),
    NEOVERSE_N2("neoverse-n2"),
    CORTEX_A53("cortex-a53"),
    CORTEX_A57("cortex-a57"),
    /** All features that there are. */
    MAX("max"),
    /** What the accelerator runs on. */
    HOST("host");

    private static final String TYPE_SUFFIX = "-arm-cpu";

    private final String modelName;

    ProcessorModel(String modelName) {
        this.modelName = modelName;
    }

    /** {@return the name on the command line} */
    public String modelName() {
        return modelName;
    }

    /** {@return the type of the processors' objects} */
    public String qomType() {
        return modelName + TYPE_SUFFIX;
    }

    /** {@return whether it is there with an accelerator only} */
    public boolean needsAccelerator() {
        return this == HOST;
    }

    /** {@return the model of that name} */
    public static Optional<ProcessorModel> find(String name) {
        for (ProcessorModel model : values()) {
            if (model.modelName.equals(name)) {
                return Optional.of(model);
            }
        }
        return Optional.empty();
    }
}
