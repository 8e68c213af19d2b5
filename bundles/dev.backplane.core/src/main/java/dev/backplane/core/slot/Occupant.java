package dev.backplane.core.slot;

import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;

/**
 * A realized model in a slot, or on its way there. Whoever drops it drops all that the engine holds of its bundle.
 *
 * @param offer whose model it is
 * @param model the model
 * @param blueprint what it declared
 * @param properties its property values
 * @param context its door to the board
 */
record Occupant(
        Offer offer, DeviceModel model, Blueprint blueprint, DeviceProperties properties, SlotDeviceContext context) {}
