package dev.backplane.core.board;

import dev.backplane.accelerator.Accelerator;
import dev.backplane.accelerator.GsiRoute;
import dev.backplane.accelerator.Irqchip;
import dev.backplane.accelerator.VirtualMachine;
import dev.backplane.hostiommu.Errno;
import dev.backplane.hostiommu.HostException;
import dev.backplane.inspect.InspectNode;
import dev.backplane.irq.EventFd;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** An accelerator whose tables a test looks at; it refuses when it is told to. */
final class FakeAccelerator implements Accelerator {
    final Map<Integer, GsiRoute> table = new HashMap<>();
    final Map<Event, Integer> irqfds = new HashMap<>();
    final Map<Event, EventFd> resamples = new HashMap<>();
    final List<Event> events = new ArrayList<>();
    final List<Integer> ended = new ArrayList<>();
    Irqchip irqchip;
    boolean refuses;
    boolean refusesIrqfds;

    /** Whether an event that is closed throws. */
    boolean closesBadly;

    int connections;
    boolean closed;
    int tables;

    @Override
    public String name() {
        return "kvm";
    }

    /** An event that injects what the table says. */
    final class Event implements EventFd {
        private Runnable listener = () -> {};
        private long count;
        private boolean kept;
        boolean open = true;

        @Override
        public void signal() {
            count++;
            Integer gsi = irqfds.get(this);
            if (open && gsi != null) {
                inject(gsi);
            } else if (open) {
                kept = true;
            }
            listener.run();
        }

        private void inject(int gsi) {
            switch (table.get(gsi)) {
                case GsiRoute.Msi msi -> irqchip.deliverMsi(msi.address(), msi.data(), msi.deviceId());
                case GsiRoute.Pin pin -> irqchip.setSpi(32 + pin.spi(), true);
            }
        }

        @Override
        public boolean take() {
            boolean was = kept;
            kept = false;
            return was;
        }

        @Override
        public void onSignal(Runnable next) {
            listener = next == null ? () -> {} : next;
        }

        @Override
        public long signals() {
            return count;
        }

        @Override
        public void close() {
            open = false;
            if (closesBadly) {
                throw new IllegalStateException("planted");
            }
        }
    }

    @Override
    public VirtualMachine createVm(String board, Irqchip chip) {
        irqchip = chip;
        return new VirtualMachine() {
            @Override
            public String accelerator() {
                return name();
            }

            @Override
            public boolean irqchipInKernel() {
                return irqchip != null;
            }

            @Override
            public int gsis() {
                return 4;
            }

            @Override
            public void setGsiRouting(List<GsiRoute> routes) throws HostException {
                if (refuses) {
                    throw new HostException("KVM_SET_GSI_ROUTING", Errno.ENOMEM, "planted");
                }
                tables++;
                table.clear();
                routes.forEach(route -> table.put(route.gsi(), route));
            }

            @Override
            public EventFd eventFd() {
                var event = new Event();
                events.add(event);
                return event;
            }

            @Override
            public void assignIrqfd(EventFd event, int gsi, EventFd resample) throws HostException {
                connections++;
                if (refusesIrqfds) {
                    throw new HostException("KVM_IRQFD", Errno.ENOMEM, "planted");
                }
                if (irqfds.putIfAbsent((Event) event, gsi) != null) {
                    throw new HostException("KVM_IRQFD", Errno.EBUSY, "it injects already");
                }
                if (resample != null) {
                    resamples.put((Event) event, resample);
                }
                if (event.take()) {
                    ((Event) event).inject(gsi);
                }
            }

            @Override
            public void deassignIrqfd(EventFd event, int gsi) throws HostException {
                if (!irqfds.remove(event, gsi)) {
                    throw new HostException("KVM_IRQFD", Errno.ENOENT, "no such irqfd");
                }
                resamples.remove(event);
            }

            @Override
            public void ended(int intid) {
                ended.add(intid);
            }

            @Override
            public InspectNode inspect() {
                return InspectNode.group(board, List.of());
            }

            @Override
            public void close() {
                closed = true;
            }
        };
    }
}
