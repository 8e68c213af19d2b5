package dev.backplane.host.iommufd;

import dev.backplane.host.smmu.HostSmmu;
import java.util.List;

/** A physical device, as far as iommufd works with it. */
public interface BindableDevice {

    /** {@return address on the host} */
    String address();

    /** {@return the SMMU in front of it} */
    HostSmmu smmu();

    /** {@return its StreamIDs, at least one} */
    List<Integer> streamIds();

    /** {@return bits of a PASID, 0 when it has none} */
    int pasidBits();

    /** {@return whether it can do ATS} */
    boolean hasAts();

    /** Enables or disables ATS on the device; disabled, it forgets its translations. */
    void enableAts(boolean enabled);

    /** The device is not bound any more. */
    void unbound();
}
