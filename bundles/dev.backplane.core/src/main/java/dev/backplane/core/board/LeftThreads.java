package dev.backplane.core.board;

import dev.backplane.core.slot.DeviceSlot;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleEvent;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.framework.wiring.BundleWiring;

/**
 * Looks for threads that a bundle leaves behind when it stops, and tells the slots that its models were in. A thread is
 * the bundle's if its class or its context class loader is, or if it was started to run a class of the bundle. They can
 * not be ended from outside; as long as one runs, the bundle's classes stay in memory.
 */
final class LeftThreads implements SynchronousBundleListener, AutoCloseable {
    /** Threads that have been told to end need a moment. */
    private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private static final int FRAMES = 6;

    private final BundleContext context;
    private final Supplier<List<DeviceSlot>> slots;
    private final Map<Long, Long> firstThreads = new ConcurrentHashMap<>();

    LeftThreads(BundleContext context, Supplier<List<DeviceSlot>> slots) {
        this.context = context;
        this.slots = slots;
        context.addBundleListener(this);
    }

    @Override
    public void bundleChanged(BundleEvent event) {
        Bundle bundle = event.getBundle();
        switch (event.getType()) {
            case BundleEvent.STARTING -> firstThreads.put(bundle.getBundleId(), nextThread());
            case BundleEvent.STOPPED -> stopped(bundle);
            case BundleEvent.UNINSTALLED -> firstThreads.remove(bundle.getBundleId());
            default -> { }
        }
    }

    /** {@return the number that no thread before has reached} */
    private static long nextThread() {
        return Thread.ofPlatform().unstarted(() -> { }).threadId();
    }

    private void stopped(Bundle bundle) {
        List<DeviceSlot> visited = slots.get().stream()
                .filter(slot -> slot.forgetVisitor(bundle.getBundleId()))
                .toList();
        BundleWiring wiring = bundle.adapt(BundleWiring.class);
        if (visited.isEmpty() || wiring == null) {
            return;
        }
        List<Thread> left = left(bundle, wiring);
        if (!left.isEmpty()) {
            Thread.ofPlatform().daemon().name("backplane-left-threads").start(() -> tell(bundle, left, visited));
        }
    }

    private List<Thread> left(Bundle bundle, BundleWiring wiring) {
        ClassLoader loader = wiring.getClassLoader();
        // Another version has classes of the same names: only what is older than that is certainly not its own.
        long end = Arrays.stream(context.getBundles())
                .filter(other -> other != bundle && other.getState() != Bundle.RESOLVED)
                .filter(other -> bundle.getSymbolicName().equals(other.getSymbolicName()))
                .mapToLong(other -> firstThreads.getOrDefault(other.getBundleId(), 0L))
                .min()
                .orElse(Long.MAX_VALUE);
        Predicate<String> isItsClass = name -> !wiring.listResources(
                        "/" + name.substring(0, Math.max(name.lastIndexOf('.'), 0)).replace('.', '/'),
                        name.substring(name.lastIndexOf('.') + 1) + ".class",
                        BundleWiring.LISTRESOURCES_LOCAL)
                .isEmpty();
        List<Thread> left = new ArrayList<>();
        for (Thread thread : threads()) {
            if (thread.getClass().getClassLoader() == loader
                    || thread.getContextClassLoader() == loader
                    || thread.threadId() < end && isItsClass.test(started(thread.getStackTrace()))) {
                left.add(thread);
            }
        }
        left.remove(Thread.currentThread());
        return left;
    }

    private static List<Thread> threads() {
        ThreadGroup root = Thread.currentThread().getThreadGroup();
        while (root.getParent() != null) {
            root = root.getParent();
        }
        Thread[] all = new Thread[root.activeCount() + 64];
        return List.of(Arrays.copyOf(all, root.enumerate(all)));
    }

    /** {@return the class that a thread was started to run, leaving out the JDK's; {@code ""} when there is none} */
    private static String started(StackTraceElement[] frames) {
        for (int i = frames.length - 1; i >= 0; i--) {
            String name = frames[i].getClassName();
            if (!name.startsWith("java.") && !name.startsWith("jdk.")) {
                // What follows is the number of a hidden class.
                int hidden = name.indexOf('/');
                return hidden < 0 ? name : name.substring(0, hidden);
            }
        }
        return "";
    }

    private static void tell(Bundle bundle, List<Thread> left, List<DeviceSlot> visited) {
        long end = System.nanoTime() + GRACE_NANOS;
        for (Thread thread : left) {
            try {
                TimeUnit.NANOSECONDS.timedJoin(thread, Math.max(end - System.nanoTime(), 1));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            StackTraceElement[] frames = thread.getStackTrace();
            if (thread.isAlive()) {
                var text = new StringBuilder("%s %s [%d] left thread %s behind".formatted(
                        bundle.getSymbolicName(), bundle.getVersion(), bundle.getBundleId(), thread.getName()));
                for (int i = 0; i < Math.min(FRAMES, frames.length); i++) {
                    text.append(i == 0 ? ": at " : " < ").append(frames[i]);
                }
                visited.forEach(slot -> slot.leftBehind(text.toString()));
            }
        }
    }

    @Override
    public void close() {
        context.removeBundleListener(this);
    }
}
