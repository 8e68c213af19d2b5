package dev.backplane.core.slot;

import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import java.util.OptionalLong;

/**
 * A realized model in a slot, or on its way there. Whoever drops it drops all that the engine holds of its bundle.
 *
 * @param offer whose model it is
 * @param model the model
 * @param blueprint what it declared
 * @param properties its property values
 * @param context its door to the board
 * @param msiDoorbell where it takes MSIs, guest-physical; empty when it takes none
 */
record Occupant(
        Offer offer,
        DeviceModel model,
        Blueprint blueprint,
        DeviceProperties properties,
        SlotDeviceContext context,
        OptionalLong msiDoorbell) {}
