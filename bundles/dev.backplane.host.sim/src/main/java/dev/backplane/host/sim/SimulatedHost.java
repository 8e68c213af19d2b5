package dev.backplane.host.sim;

import dev.backplane.device.DeviceLog;
import dev.backplane.host.iommufd.IommufdFile;
import dev.backplane.host.memory.FaultPlan;
import dev.backplane.host.memory.HostEpochs;
import dev.backplane.host.memory.HostMemory;
import dev.backplane.host.memory.Operation;
import dev.backplane.host.pci.HostIts;
import dev.backplane.host.pci.HostPci;
import dev.backplane.host.smmu.HostSmmu;
import dev.backplane.hostiommu.HostException;
import dev.backplane.hostiommu.HostIommu;
import dev.backplane.hostiommu.Iommufd;
import dev.backplane.inspect.InspectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** A whole host: memory, SMMUs, devices, interrupts, and iommufd. Thread-safe. */
public final class SimulatedHost implements HostIommu, AutoCloseable {
    private static final int ENGINE_THREADS = 2;
    private static final long SCATTER_SEED = 0x5EED;
    private static final long WORD = 0xFFFF_FFFFL;

    private final FaultPlan faults = new FaultPlan();
    private final HostEpochs epochs = new HostEpochs();
    private final HostIts its = new HostIts();
    private final ExecutorService engines = threads("host-dma", ENGINE_THREADS);
    private final ExecutorService interrupts = threads("host-irq", 1);
    private final HostMemory memory;
    private final HostPci pci;
    private final List<HostSmmu> smmus = new ArrayList<>();
    // Guarded by this.
    private final List<IommufdFile> files = new ArrayList<>();
    private int filesOpened;

    /**
     * Makes a host and switches it on.
     *
     * @param log where it is noted what an SMMU refuses to its driver
     * @throws HostException if the host's memory does not suffice
     * @throws IllegalArgumentException if the plan contradicts itself
     */
    public SimulatedHost(HostPlan plan, DeviceLog log) throws HostException {
        memory = new HostMemory(plan.parameters().outputBits(), faults, new Random(SCATTER_SEED));
        pci = new HostPci(faults, epochs, engines, its);
        for (int i = 0; i < plan.smmus(); i++) {
            smmus.add(new HostSmmu("host-smmu" + i, plan.parameters(), memory, epochs, interrupts, log));
        }
        int[] behind = new int[plan.smmus()];
        for (HostPlan.Device device : plan.devices()) {
            pci.add(smmus.get(device.smmu()), device.smmu(), behind[device.smmu()]++, device.kind());
        }
    }

    /** {@return threads that end when there is nothing to do for them, and of a host that is off do nothing more} */
    private static ExecutorService threads(String name, int count) {
        var pool = new ThreadPoolExecutor(count, count, 1, TimeUnit.SECONDS, new LinkedBlockingQueue<>(),
                Thread.ofPlatform().daemon().name(name + "-", 0).factory(), new ThreadPoolExecutor.DiscardPolicy());
        pool.allowCoreThreadTimeOut(true);
        return pool;
    }

    @Override
    public String name() {
        return "simulated";
    }

    @Override
    public Iommufd open() throws HostException {
        faults.check(Operation.IOMMU_OPEN);
        synchronized (this) {
            var file = new IommufdFile(filesOpened++, memory, faults, this::closed);
            files.add(file);
            return file;
        }
    }

    private synchronized void closed(IommufdFile file) {
        files.remove(file);
    }

    private synchronized List<IommufdFile> openFiles() {
        return List.copyOf(files);
    }

    /** {@return its devices} */
    public HostPci pci() {
        return pci;
    }

    /** {@return its failures on purpose} */
    public FaultPlan faults() {
        return faults;
    }

    /** {@return its SMMUs} */
    public List<HostSmmu> smmus() {
        return List.copyOf(smmus);
    }

    /** {@return its memory} */
    public HostMemory memory() {
        return memory;
    }

    /** {@return its ITS} */
    public HostIts its() {
        return its;
    }

    @Override
    public InspectNode inspect() {
        var nodes = new ArrayList<InspectNode>();
        openFiles().forEach(file -> nodes.add(file.inspect()));
        nodes.add(InspectNode.group("memory", List.of(
                InspectNode.number("pages of the host", memory.pagesInUse()),
                InspectNode.hex("bytes pinned", memory.pinnedBytes()))));
        for (HostSmmu smmu : smmus) {
            var statistics = smmu.hardware().statistics();
            nodes.add(InspectNode.group(smmu.name(), List.of(
                    InspectNode.hex("IDR0", smmu.identity().idr0() & WORD),
                    InspectNode.hex("IDR1", smmu.identity().idr1() & WORD),
                    InspectNode.hex("IDR3", smmu.identity().idr3() & WORD),
                    InspectNode.hex("IDR5", smmu.identity().idr5() & WORD),
                    InspectNode.number("VMIDs", smmu.vmids().inUse()),
                    InspectNode.number("ASIDs", smmu.asids().inUse()),
                    InspectNode.number("batches of commands", smmu.batches()),
                    InspectNode.number("events", smmu.events()),
                    InspectNode.number("event queue overflows", smmu.eventsLost()),
                    InspectNode.group("event queue",
                            smmu.hardware().control().inspectCounters().getLast().children()),
                    cache("TLB", statistics.tlbHits(), statistics.tlbMisses()),
                    cache("configuration cache",
                            statistics.configurationHits(), statistics.configurationMisses()))));
        }
        nodes.add(InspectNode.group("ITS", List.of(
                InspectNode.number("delivered", its.delivered()), InspectNode.number("dropped", its.dropped()))));
        return InspectNode.group(name(), nodes);
    }

    private static InspectNode cache(String name, long hits, long misses) {
        return InspectNode.group(
                name, List.of(InspectNode.number("hits", hits), InspectNode.number("misses", misses)));
    }

    /** Closes everything that is open, and switches the host off. */
    @Override
    public void close() {
        pci.close();
        openFiles().forEach(IommufdFile::close);
        engines.shutdown();
        interrupts.shutdown();
        try {
            engines.awaitTermination(5, TimeUnit.SECONDS);
            interrupts.awaitTermination(5, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        smmus.forEach(HostSmmu::close);
    }
}
