package dev.backplane.kvm.sim;

import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.Irqchip;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.LongAdder;

/**
 * A virtual machine: the GSI routing table, irqfds, and the SPIs that irqfds with a resample event keep asserted. An
 * event looks its GSI up when it fires, so a new table counts for the next signal. Thread-safe.
 */
final class SimVm implements VirtualMachine {
    /** KVM_CAP_IRQ_ROUTING of an arm64 host. */
    static final int GSIS = 4096;

    private static final int FIRST_SPI = 32;
    private static final int LAST_SPI = 1019;

    private final String board;
    private final Irqchip irqchip;
    private final Set<Irqfd> irqfds = ConcurrentHashMap.newKeySet();
    private final ConcurrentMap<Integer, Resampler> resamplers = new ConcurrentHashMap<>();
    private volatile GsiRoute[] table = {};
    private final LongAdder tableWrites = new LongAdder();
    private final LongAdder entriesWritten = new LongAdder();
    private final LongAdder delivered = new LongAdder();
    private final LongAdder unrouted = new LongAdder();
    private final LongAdder undelivered = new LongAdder();
    private volatile boolean closed;

    SimVm(String board, Irqchip irqchip) {
        this.board = board;
        this.irqchip = irqchip;
    }

    @Override
    public String accelerator() {
        return KvmSim.KVM;
    }

    @Override
    public boolean irqchipInKernel() {
        return irqchip != null;
    }

    @Override
    public int gsis() {
        return irqchip == null ? 0 : GSIS;
    }

    @Override
    public synchronized void setGsiRouting(List<GsiRoute> routes) throws HostException {
        String operation = "KVM_SET_GSI_ROUTING";
        requireIrqchip(operation);
        int last = routes.stream().mapToInt(GsiRoute::gsi).max().orElse(-1);
        if (last >= GSIS) {
            throw new HostException(operation, Errno.EINVAL, "GSI %d: expected 0 to %d".formatted(last, GSIS - 1));
        }
        var next = new GsiRoute[last + 1];
        for (GsiRoute route : routes) {
            if (route.gsi() < 0 || next[route.gsi()] != null) {
                throw new HostException(operation, Errno.EINVAL, route.gsi() < 0
                        ? "GSI %d: expected 0 to %d".formatted(route.gsi(), GSIS - 1)
                        : "GSI %d is routed twice".formatted(route.gsi()));
            }
            if (route instanceof GsiRoute.Pin pin && (pin.spi() < 0 || pin.spi() > LAST_SPI - FIRST_SPI)) {
                throw new HostException(operation, Errno.EINVAL, "GSI %d: SPI %d: expected 0 to %d"
                        .formatted(route.gsi(), pin.spi(), LAST_SPI - FIRST_SPI));
            }
            if (route instanceof GsiRoute.Msi msi && (msi.deviceId() & ~0xFFFF) != 0) {
                // The interrupt controllers of the board know 16 bits.
                throw new HostException(operation, Errno.EINVAL, "GSI %d: DeviceID 0x%x: expected 16 bits"
                        .formatted(route.gsi(), msi.deviceId()));
            }
            next[route.gsi()] = route;
        }
        table = next;
        tableWrites.increment();
        entriesWritten.add(routes.size());
    }

    private void requireIrqchip(String operation) throws HostException {
        if (irqchip == null) {
            throw new HostException(
                    operation, Errno.EINVAL, "board %s has no interrupt controller in the kernel".formatted(board));
        }
        if (closed) {
            throw new HostException(
                    operation, Errno.ENODEV, "the virtual machine of board %s is gone".formatted(board));
        }
    }

    @Override
    public EventFd eventFd() {
        return new SimEventFd();
    }

    @Override
    public void assignIrqfd(EventFd event, int gsi, EventFd resample) throws HostException {
        // Without the monitor: what is injected runs the interrupt controller.
        assigned(event, gsi, resample).injectKept();
    }

    private synchronized SimEventFd assigned(EventFd event, int gsi, EventFd resample) throws HostException {
        String operation = "KVM_IRQFD";
        requireIrqchip(operation);
        if (gsi < 0 || gsi >= GSIS) {
            throw new HostException(operation, Errno.EINVAL, "GSI %d: expected 0 to %d".formatted(gsi, GSIS - 1));
        }
        SimEventFd own = own(operation, event);
        var irqfd = new Irqfd(this, own, gsi, resample);
        if (!own.inject(irqfd)) {
            throw new HostException(operation, Errno.EBUSY, "the event injects GSI %d already".formatted(own.gsi()));
        }
        irqfds.add(irqfd);
        return own;
    }

    private static SimEventFd own(String operation, EventFd event) throws HostException {
        if (event instanceof SimEventFd own) {
            return own;
        }
        throw new HostException(operation, Errno.EINVAL, "the event is none of this accelerator (%s)"
                .formatted(event == null ? "null" : event.getClass().getName()));
    }

    @Override
    public synchronized void deassignIrqfd(EventFd event, int gsi) throws HostException {
        String operation = "KVM_IRQFD";
        requireIrqchip(operation);
        SimEventFd own = own(operation, event);
        Irqfd irqfd = own.irqfd();
        if (irqfd == null || irqfd.gsi() != gsi) {
            throw new HostException(operation, Errno.ENOENT, "the event does not inject GSI %d".formatted(gsi));
        }
        own.inject(null);
        forget(irqfd);
    }

    /** An event was closed: it injects nothing any more. */
    void forget(Irqfd irqfd) {
        irqfds.remove(irqfd);
        resamplers.values().forEach(resampler -> resampler.remove(irqfd));
    }

    private GsiRoute route(int gsi) {
        GsiRoute[] now = table;
        return gsi < now.length ? now[gsi] : null;
    }

    private Resampler resampler(int intid) {
        Resampler known = resamplers.get(intid);
        return known != null ? known : resamplers.computeIfAbsent(intid, number -> new Resampler(irqchip, number));
    }

    @Override
    public void ended(int intid) {
        Resampler resampler = resamplers.get(intid);
        if (resampler != null) {
            resampler.ended();
        }
    }

    @Override
    public InspectNode inspect() {
        var routes = new ArrayList<InspectNode>();
        for (GsiRoute route : table) {
            if (route != null) {
                routes.add(describe(route));
            }
        }
        List<InspectNode> events = byGsi().stream().map(Irqfd::inspect).toList();
        return InspectNode.group(
                board,
                List.of(
                        InspectNode.text("accelerator", KvmSim.KVM),
                        InspectNode.text("irqchip", irqchip == null ? "user space" : "kernel"),
                        InspectNode.number("gsis", gsis()),
                        InspectNode.group("routes", routes),
                        InspectNode.number("table writes", tableWrites.sum()),
                        InspectNode.number("entries written", entriesWritten.sum()),
                        InspectNode.group("irqfds", events),
                        InspectNode.number("delivered", delivered.sum()),
                        InspectNode.number("unrouted", unrouted.sum())
                                .withNote("signals whose GSI had no route"),
                        InspectNode.number("undelivered", undelivered.sum())
                                .withNote("messages to an address where no doorbell is")));
    }

    private static InspectNode describe(GsiRoute route) {
        String text = switch (route) {
            case GsiRoute.Msi msi -> "msi address 0x%x data 0x%x DeviceID 0x%x"
                    .formatted(msi.address(), msi.data(), msi.deviceId());
            case GsiRoute.Pin pin -> "pin SPI %d".formatted(pin.spi());
        };
        return InspectNode.text(Integer.toString(route.gsi()), text);
    }

    /** Injects what a GSI stands for. */
    Irqfd.Outcome inject(Irqfd irqfd) {
        GsiRoute route = route(irqfd.gsi());
        if (!irqfd.isAssigned()) {
            // Asked after the route was: the GSI may be another's by now, and so the route.
            return Irqfd.Outcome.UNASSIGNED;
        }
        boolean reached = switch (route) {
            case null -> {
                unrouted.increment();
                yield false;
            }
            case GsiRoute.Msi msi -> {
                boolean taken = irqchip.deliverMsi(msi.address(), msi.data(), msi.deviceId());
                if (!taken) {
                    undelivered.increment();
                }
                yield taken;
            }
            case GsiRoute.Pin pin -> {
                int intid = FIRST_SPI + pin.spi();
                if (irqfd.resample() == null) {
                    irqchip.setSpi(intid, true);
                    irqchip.setSpi(intid, false);
                } else {
                    resampler(intid).raise(irqfd);
                }
                yield true;
            }
        };
        if (reached) {
            delivered.increment();
        }
        return reached ? Irqfd.Outcome.REACHED : Irqfd.Outcome.LOST;
    }

    @Override
    public void close() {
        closed = true;
        for (Irqfd irqfd : List.copyOf(irqfds)) {
            irqfd.event().inject(null);
            forget(irqfd);
        }
        table = new GsiRoute[0];
    }

    private List<Irqfd> byGsi() {
        var all = new ArrayList<>(irqfds);
        all.sort(Comparator.comparingInt(Irqfd::gsi));
        return all;
    }
}
