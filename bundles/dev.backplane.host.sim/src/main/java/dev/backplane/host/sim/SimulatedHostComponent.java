package dev.backplane.host.sim;

import dev.backplane.device.DeviceLog;
import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.host.smmu.ToldField;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostFaults;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostpci.HostPciDevices;
import dev.backplane.smmuv3.translate.Granule;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/** Offers a simulated host to the framework, as its configuration says. */
@Component(configurationPid = "dev.backplane.host.sim", service = {}, immediate = true)
public final class SimulatedHostComponent {
    private static final Logger LOG = System.getLogger("dev.backplane.host.sim");

    private final SimulatedHost host;
    private final List<ServiceRegistration<?>> services = new ArrayList<>();

    /**
     * Made by the framework.
     *
     * @throws HostException if the host's memory does not suffice
     * @throws IllegalArgumentException if the configuration contradicts itself; the message says how
     */
    @Activate
    public SimulatedHostComponent(BundleContext context, HostConfiguration configuration) throws HostException {
        host = new SimulatedHost(plan(configuration), new DriverLog());
        services.add(context.registerService(HostIommu.class, host, null));
        services.add(context.registerService(HostPciDevices.class, host.pci(), null));
        services.add(context.registerService(HostFaults.class, host.faults(), null));
    }

    private static HostPlan plan(HostConfiguration configuration) {
        return new HostPlan(
                configuration.smmus(),
                new SmmuParameters(
                        configuration.oas(),
                        granules(configuration.granules()),
                        configuration.nesting(),
                        configuration.s2fwb(),
                        configuration.ats(),
                        configuration.ssidsize(),
                        configuration.ril(),
                        configuration.sidsize(),
                        Arrays.stream(configuration.told()).map(ToldField::parse).toList()),
                HostPlan.devices(configuration.devices()));
    }

    private static Set<Granule> granules(String... texts) {
        var granules = EnumSet.noneOf(Granule.class);
        for (String text : texts) {
            granules.add(switch (text.strip()) {
                case "4K" -> Granule.KIB4;
                case "16K" -> Granule.KIB16;
                case "64K" -> Granule.KIB64;
                default -> throw new IllegalArgumentException(
                        "granules: '%s' is none: expected 4K, 16K or 64K".formatted(text));
            });
        }
        return granules;
    }

    /** The host goes away: who uses it is told first, then what is left open is closed. */
    @Deactivate
    void deactivate() {
        services.forEach(ServiceRegistration::unregister);
        host.close();
    }

    private static final class DriverLog implements DeviceLog {
        @Override
        public void guestError(String message) {
            LOG.log(Level.WARNING, message);
        }

        @Override
        public void unimplemented(String message) {
            LOG.log(Level.WARNING, message);
        }
    }
}
