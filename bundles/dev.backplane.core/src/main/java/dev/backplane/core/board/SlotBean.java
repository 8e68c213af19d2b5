package dev.backplane.core.board;

import dev.backplane.core.slot.DeviceSlot;

/**
 * Shows a slot to management.
 *
 * @param slot the slot
 */
record SlotBean(DeviceSlot slot) implements SlotMXBean {
    private long counter(String name) {
        return slot.counters().get(name);
    }

    @Override
    public String getDeviceType() {
        return slot.definition().deviceType();
    }

    @Override
    public String getState() {
        return slot.state().name();
    }

    @Override
    public String getProvider() {
        return slot.provider().orElse("");
    }

    @Override
    public long getAborts() {
        return counter("aborts");
    }

    @Override
    public long getTimeOuts() {
        return counter("time-outs");
    }

    @Override
    public long getHandOvers() {
        return counter("hand-overs");
    }

    @Override
    public long getHeldTransactions() {
        return counter("held");
    }

    @Override
    public long getGuestErrors() {
        return counter("guest-errors");
    }

    @Override
    public long getGateClosedLastMicros() {
        return counter("gate-closed-last");
    }

    @Override
    public long getGateClosedMostMicros() {
        return counter("gate-closed-most");
    }
}
