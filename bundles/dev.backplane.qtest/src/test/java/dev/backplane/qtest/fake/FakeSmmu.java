package dev.backplane.qtest.fake;

import dev.backplane.device.DeviceContext;
import dev.backplane.device.PlatformDescription;
import dev.backplane.device.PlatformDevice;
import dev.backplane.device.ResetKind;
import dev.backplane.device.ResetPhase;
import dev.backplane.device.SavedState;
import java.util.List;
import java.util.Map;

/** A device with four lines. */
final class FakeSmmu implements PlatformDevice {
    @Override
    public PlatformDescription describe() {
        return new PlatformDescription(List.of(), List.of("eventq", "priq", "cmdq-sync", "gerror"));
    }

    @Override
    public void realize(DeviceContext context) {}

    @Override
    public void reset(ResetKind kind, ResetPhase phase) {}

    @Override
    public void quiesce() {}

    @Override
    public void resume() {}

    @Override
    public SavedState save() {
        return new SavedState("arm-smmuv3", 1, Map.of());
    }

    @Override
    public void restore(SavedState state) {}

    @Override
    public void unrealize() {}
}
