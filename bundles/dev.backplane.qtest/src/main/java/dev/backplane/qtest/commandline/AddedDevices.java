package dev.backplane.qtest.commandline;

import dev.backplane.board.DeviceRequest;
import dev.backplane.qtest.commandline.Globals.Global;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The devices of a command line, and the defaults of their properties wherever these stand. Not thread-safe. */
final class AddedDevices {
    private static final String DRIVER = "driver";

    private final List<Map<String, String>> devices = new ArrayList<>();
    private final List<Global> globals = new ArrayList<>();

    /** Takes what a {@code -device} says; its driver is among it. */
    void add(Map<String, String> device) {
        devices.add(device);
    }

    /** {@return what a {@code -device} says} */
    static Map<String, String> parse(String text) throws CommandLineException {
        Map<String, String> device = text.startsWith("{")
                ? DeviceArguments.ofJson("-device", text)
                : new LinkedHashMap<>(OptionGroup.parse("-device", text, DRIVER).values());
        if (!device.containsKey(DRIVER)) {
            throw new CommandLineException("-device %s: parameter 'driver' is missing".formatted(text));
        }
        return device;
    }

    /** Takes a {@code -global}. */
    void global(String text) throws CommandLineException {
        int equals = text.indexOf('=');
        int dot = text.indexOf('.');
        if (dot > 0 && dot < equals - 1) {
            globals.add(new Global(
                    text.substring(0, dot), text.substring(dot + 1, equals), text.substring(equals + 1)));
            return;
        }
        if (equals < 0) {
            throw new CommandLineException("-global %s: expected TYPE.PROPERTY=VALUE".formatted(text));
        }
        OptionGroup group = ParameterGroup.GLOBAL.parse("-global", text);
        globals.add(new Global(group.require(DRIVER), group.require("property"), group.require("value")));
    }

    /** {@return defaults of properties} */
    Globals globals() {
        return new Globals(globals);
    }

    /** {@return the devices, defaults applied} */
    List<DeviceRequest> requests() throws CommandLineException {
        Globals defaults = globals();
        List<DeviceRequest> requests = new ArrayList<>();
        for (Map<String, String> device : devices) {
            requests.add(request(device, defaults));
        }
        return requests;
    }

    private static DeviceRequest request(Map<String, String> device, Globals defaults) throws CommandLineException {
        Map<String, String> properties = new LinkedHashMap<>(device);
        String driver = properties.remove(DRIVER);
        DeviceRequest request = DeviceArguments.request(driver, defaults.with(driver, properties));
        if (!DeviceArguments.isIdentifier(request.id()) || properties.containsKey("id") && request.id().isEmpty()) {
            throw new CommandLineException(
                    "-device %s: id=%s: %s".formatted(driver, request.id(), DeviceArguments.IDENTIFIERS));
        }
        return request;
    }
}
