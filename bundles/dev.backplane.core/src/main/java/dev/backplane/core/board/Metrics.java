package dev.backplane.core.board;

import dev.backplane.core.slot.DeviceSlot;
import java.lang.management.ManagementFactory;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.List;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/**
 * The boards and their slots as MXBeans of the platform's MBean server: {@code dev.backplane:type=Board,name=…} and
 * {@code dev.backplane:type=Slot,board=…,name=…}. They follow what there is on a thread of their own, soon after it
 * changed, so that management costs nothing while a machine starts.
 */
final class Metrics implements AutoCloseable {
    static final String DOMAIN = "dev.backplane";

    private final ScheduledExecutorService executor;
    private final Supplier<List<BoardEngine>> boards;
    private final long delayMillis;
    private final Set<ObjectName> registered = new HashSet<>();

    /**
     * Shows boards.
     *
     * @param boards gives those that there are
     * @param delayMillis how long after a change the beans follow
     */
    Metrics(Supplier<List<BoardEngine>> boards, long delayMillis) {
        this.boards = boards;
        this.delayMillis = delayMillis;
        var threads = new ScheduledThreadPoolExecutor(1, task -> {
            var thread = new Thread(null, task, "backplane-metrics", 0, false);
            thread.setDaemon(true);
            thread.setContextClassLoader(Metrics.class.getClassLoader());
            return thread;
        });
        threads.setKeepAliveTime(1, TimeUnit.SECONDS);
        threads.allowCoreThreadTimeOut(true);
        threads.setExecuteExistingDelayedTasksAfterShutdownPolicy(false);
        executor = threads;
    }

    /** Boards or slots came or went. */
    void changed() {
        if (!executor.isShutdown()) {
            executor.schedule(this::follow, delayMillis, TimeUnit.MILLISECONDS);
        }
    }

    private synchronized void follow() {
        Map<ObjectName, Object> wanted = new HashMap<>();
        for (BoardEngine board : boards.get()) {
            wanted.put(name("type=Board,name=" + value(board.name())), new BoardBean(board));
            board.slots().forEach(slot -> wanted.put(
                    name("type=Slot,board=%s,name=%s".formatted(value(board.name()), value(slot.name()))),
                    new SlotBean((DeviceSlot) slot)));
        }
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        for (ObjectName gone : List.copyOf(registered)) {
            Object now = wanted.get(gone);
            // A slot of the same name may be another one by now: beans are made anew, they hold no state.
            unregister(server, gone);
            if (now == null) {
                registered.remove(gone);
            }
        }
        wanted.forEach((name, bean) -> {
            try {
                server.registerMBean(bean, name);
                registered.add(name);
            } catch (JMException e) {
                log("{0} cannot be shown to management: {1}", name, e);
            }
        });
    }

    private static void unregister(MBeanServer server, ObjectName name) {
        try {
            if (server.isRegistered(name)) {
                server.unregisterMBean(name);
            }
        } catch (JMException e) {
            log("{0} stays shown to management: {1}", name, e);
        }
    }

    private static void log(String message, ObjectName name, JMException thrown) {
        System.getLogger(Metrics.class.getName())
                .log(System.Logger.Level.WARNING, message, name, thrown.toString());
    }

    private static String value(String text) {
        return text.chars().allMatch(letter -> Character.isLetterOrDigit(letter) || "._-".indexOf(letter) >= 0)
                ? text
                : ObjectName.quote(text);
    }

    private static ObjectName name(String keys) {
        try {
            return new ObjectName(DOMAIN + ":" + keys);
        } catch (JMException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Takes all beans back. */
    @Override
    public void close() {
        executor.shutdown();
        synchronized (this) {
            if (!registered.isEmpty()) {
                MBeanServer server = ManagementFactory.getPlatformMBeanServer();
                registered.forEach(name -> unregister(server, name));
                registered.clear();
            }
        }
    }
}
