package dev.backplane.core.slot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.device.DeviceModel;
import dev.backplane.device.Leases;
import java.lang.reflect.Proxy;
import org.junit.jupiter.api.Test;

class SlotLeasesTest {
    private final SlotLeases leases = new SlotLeases("smmu0");

    /** A proxy is a class of the loader that it is made for, as a bundle's own classes are of the bundle's. */
    private static <T> T of(ClassLoader bundle, Class<T> contract) {
        return contract.cast(Proxy.newProxyInstance(bundle, new Class<?>[] {contract}, (proxy, method, arguments) ->
                method.getName().equals("hashCode") ? (Object) 1 : null));
    }

    /** A loader of its own that sees what this one sees. */
    private static ClassLoader bundle() {
        return new ClassLoader(SlotLeasesTest.class.getClassLoader()) {};
    }

    private static AutoCloseable resource(ClassLoader bundle) {
        return of(bundle, AutoCloseable.class);
    }

    @Test
    void nothingOfTheModelsOwnBundleIsHeld() {
        ClassLoader bundle = bundle();
        Leases seen = leases.of(of(bundle, DeviceModel.class));
        AutoCloseable own = resource(bundle);
        assertThatThrownBy(() -> seen.hold("viommu", own))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("slot smmu0: lease 'viommu'")
                .hasMessageContaining("of the model's own bundle");
        assertThat(seen.names()).isEmpty();
    }

    @Test
    void whatAnotherBundleMadeIsHeldByNameAndType() {
        Leases seen = leases.of(of(bundle(), DeviceModel.class));
        AutoCloseable hosts = resource(bundle());
        assertThat(seen.hold("viommu", hosts)).isSameAs(hosts);
        assertThat(seen.find("viommu", AutoCloseable.class)).containsSame(hosts);
        assertThat(seen.find("viommu", Runnable.class)).isEmpty();
        assertThatThrownBy(() -> seen.hold("viommu", hosts)).hasMessageContaining("already holds 'viommu'");
        assertThat(seen.remove("viommu")).isTrue();
        assertThat(seen.remove("viommu")).isFalse();
    }
}
