package dev.backplane.core.slot;

import dev.backplane.irq.InterruptLine;

/** A model's hold on a line of its slot; the line keeps its level when the model leaves. */
final class RevocableLine implements InterruptLine {
    private final SlotDeviceContext owner;
    private final InterruptLine line;

    RevocableLine(SlotDeviceContext owner, InterruptLine line) {
        this.owner = owner;
        this.line = line;
    }

    @Override
    public void set(boolean asserted) {
        if (!owner.isRevoked()) {
            line.set(asserted);
        }
    }

    @Override
    public void pulse() {
        if (!owner.isRevoked()) {
            line.pulse();
        }
    }
}
