package dev.backplane.host.sim;

import static org.awaitility.Awaitility.await;

import dev.backplane.device.DeviceLog;
import dev.backplane.host.smmu.SmmuParameters;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostObject;
import dev.backplane.hostiommu.Hwpt;
import dev.backplane.hostiommu.Ioas;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.hostiommu.IommufdDevice;
import dev.backplane.hostiommu.VeventQueue;
import dev.backplane.hostiommu.Viommu;
import dev.backplane.hostpci.HostPciDevice;
import dev.backplane.inspect.InspectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.awaitility.Awaitility;

/** A host with one guest on it, set up as a board and an accelerated SMMU do it. */
final class Rig implements AutoCloseable {
    static final String DMA = "0000:01:00.0";
    static final String DMA_2 = "0000:02:00.0";
    static final String ATS = "0000:03:00.0";
    static final int STREAM = 0x10;
    static final long VALID_STAGE_1 = 0b1011;
    static final long ABORT = 0b0001;
    static final long BYPASS = 0b1001;
    static final int COPY = 1;
    static final int FILL = 2;
    static final int INTERRUPT = 3;
    static final int CONTINUOUS = 0x10;
    static final int WITH_INTERRUPT = 0x20;

    final List<String> complaints = new ArrayList<>();
    final SimulatedHost host;
    final GuestRam ram = new GuestRam(8 << 20);
    final Iommufd file;
    final Ioas ioas;

    static {
        Awaitility.setDefaultPollDelay(Duration.ZERO);
        Awaitility.setDefaultPollInterval(Duration.ofMillis(1));
    }

    Rig() throws HostException {
        this(HostPlan.DEFAULT);
    }

    Rig(HostPlan plan) throws HostException {
        host = new SimulatedHost(plan, new DeviceLog() {
            @Override
            public void guestError(String message) {
                complaints.add(message);
            }

            @Override
            public void unimplemented(String message) {
                complaints.add(message);
            }
        });
        file = host.open();
        ioas = file.allocateIoas();
        ioas.map(GuestRam.BASE, ram.memory, true, true);
    }

    static HostPlan plan(SmmuParameters parameters, String... devices) {
        return new HostPlan(2, parameters, HostPlan.devices(devices));
    }

    /** An assigned device with everything that nesting takes. */
    final class Assigned {
        final HostPciDevice pci;
        final IommufdDevice device;
        final Hwpt parent;
        final Viommu viommu;
        final VeventQueue events;
        final int stream;
        HostObject vdevice;
        Hwpt nested;

        Assigned(String address) throws HostException {
            this(address, null, STREAM);
        }

        Assigned(String address, Assigned neighbour, int stream) throws HostException {
            this.stream = stream;
            pci = host.pci().open(address);
            device = pci.bind(file);
            parent = neighbour == null ? device.allocateHwpt(ioas, true) : neighbour.parent;
            viommu = neighbour == null ? device.allocateViommu(parent) : neighbour.viommu;
            events = neighbour == null ? viommu.allocateEventQueue(8) : neighbour.events;
            vdevice = viommu.allocateVdevice(device, stream);
            pci.write(HostPciDevice.CONFIG_REGION, 4, 2, 6);
        }

        Assigned nest(long ste0, long ste1) throws HostException {
            Hwpt next = viommu.allocateHwpt(device, ste0, ste1);
            device.attach(next);
            if (nested != null) {
                nested.close();
            }
            nested = next;
            return this;
        }

        void command(int operation, long source, long destination, int length, int pattern) {
            pci.write(0, 0x08, 8, source);
            pci.write(0, 0x10, 8, destination);
            pci.write(0, 0x18, 4, length);
            pci.write(0, 0x1C, 4, pattern);
            pci.write(0, 0x20, 4, operation);
        }

        /** {@return STATUS when it has ended: 2 done, 4 error} */
        int run(int operation, long source, long destination, int length, int pattern) {
            command(operation, source, destination, length, pattern);
            await().until(() -> (status() & 1) == 0);
            return status();
        }

        int status() {
            return (int) pci.read(0, 0x24, 4);
        }

        long counter(int register) {
            return pci.read(0, register, 8);
        }

        boolean invalidate(long... words) {
            return viommu.invalidate(words, words.length / 2).error() == null;
        }

        void release() throws HostException {
            device.detach();
            if (nested != null) {
                nested.close();
            }
            events.close();
            vdevice.close();
            viommu.close();
            parent.close();
            device.close();
            pci.close();
        }
    }

    /** {@return how many objects there are in all files} */
    int objects() {
        return host.inspect().children().stream()
                .filter(node -> node.name().startsWith("iommufd"))
                .mapToInt(node -> node.children().size())
                .sum();
    }

    /** {@return what the host has given away: pages, VMIDs and ASIDs} */
    List<Long> resources() {
        var used = new ArrayList<Long>();
        used.add(host.memory().pagesInUse());
        host.smmus().forEach(smmu -> used.add((long) smmu.vmids().inUse() << 32 | smmu.asids().inUse()));
        return used;
    }

    static String text(InspectNode node) {
        return node.toString();
    }

    static long[] words(long... words) {
        return Arrays.copyOf(words, words.length);
    }

    @Override
    public void close() {
        host.close();
    }
}
