package dev.backplane.gicv3.its;

import static org.assertj.core.api.Assertions.assertThat;

import dev.backplane.device.RestoreException;
import dev.backplane.gicv3.fake.Guest;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/**
 * Random legal and illegal commands and messages against maps: {@code -Dbackplane.its.steps} and {@code
 * -Dbackplane.seed} choose the run.
 */
class ItsModelTest {
    private static final int DEVICES = 6;
    private static final int EVENTS = 4;
    private static final int COLLECTIONS = 4;
    private static final int PROCESSORS = 3;

    /** An event: INTID and collection. */
    private record Event(int intid, int icid) {}

    private final long seed = Long.getLong("backplane.seed", 0x175L);
    private final SplittableRandom random = new SplittableRandom(seed);
    private final Guest guest = new Guest(PROCESSORS, 1, 2).withLpis().withIts();
    private final Map<Integer, Map<Integer, Event>> devices = new HashMap<>();
    private final Map<Integer, Integer> collections = new HashMap<>();
    private final TreeSet<String> pending = new TreeSet<>();

    @Test
    void routesAsTheMapsSay() throws RestoreException {
        int steps = Integer.getInteger("backplane.its.steps", 20_000);
        for (int step = 0; step < steps; step++) {
            act();
            int device = random.nextInt(DEVICES);
            int event = random.nextInt(EVENTS);
            assertThat(guest.route(device, event)).as("-Dbackplane.seed=%d, step %d", seed, step)
                    .isEqualTo(expected(device, event));
            if (step % 16 == 0) {
                assertThat(new TreeSet<>(guest.pending())).as("-Dbackplane.seed=%d, step %d", seed, step)
                        .isEqualTo(pending);
            }
            if (step % 500 == 499) {
                var state = guest.its.save();
                guest.newIts(2).restore(state);
                guest.its.resume();
            }
        }
    }

    private Event event(int device, int event) {
        return devices.getOrDefault(device, Map.of()).get(event);
    }

    private String expected(int device, int eventId) {
        Event event = event(device, eventId);
        Integer processor = event == null ? null : collections.get(event.icid);
        return processor == null ? "dropped" : processor + ":" + event.intid;
    }

    private void act() {
        int device = random.nextInt(DEVICES);
        int eventId = random.nextInt(EVENTS);
        int icid = random.nextInt(COLLECTIONS);
        Event event = event(device, eventId);
        Integer processor = event == null ? null : collections.get(event.icid);
        switch (random.nextInt(14)) {
            case 0 -> {
                boolean valid = random.nextInt(3) != 0;
                guest.mapd(device, Guest.ITT + device * 0x100L, 2, valid);
                devices.remove(device);
                if (valid) {
                    devices.put(device, new HashMap<>());
                }
            }
            case 1 -> {
                int target = random.nextInt(PROCESSORS + 1);
                boolean valid = random.nextInt(4) != 0;
                guest.mapc(icid, target, valid);
                if (!valid) {
                    collections.remove(icid);
                } else if (target < PROCESSORS) {
                    collections.put(icid, target);
                }
            }
            case 2, 3, 4 -> {
                int intid = 8190 + random.nextInt(12);
                guest.mapti(device, eventId, intid, icid);
                if (devices.containsKey(device) && intid >= 8192) {
                    devices.get(device).put(eventId, new Event(intid, icid));
                }
            }
            case 5, 6 -> {
                guest.movi(device, eventId, icid);
                if (processor != null && collections.containsKey(icid)) {
                    devices.get(device).put(eventId, new Event(event.intid, icid));
                    move(processor, collections.get(icid), event.intid);
                }
            }
            case 7 -> {
                guest.onEvent(0x0F, device, eventId);
                if (event != null) {
                    devices.get(device).remove(eventId);
                    pending.remove(processor + ":" + event.intid);
                }
            }
            case 8 -> {
                guest.onEvent(0x04, device, eventId);
                pending.remove(expected(device, eventId));
            }
            case 9 -> {
                int from = random.nextInt(PROCESSORS);
                int to = random.nextInt(PROCESSORS);
                guest.movall(from, to);
                for (int intid = 8192; intid < 8210; intid++) {
                    move(from, to, intid);
                }
            }
            case 10 -> {
                guest.onEvent(0x03, device, eventId);
                deliver(device, eventId);
            }
            default -> {
                guest.msi(device, eventId);
                deliver(device, eventId);
            }
        }
    }

    private void deliver(int device, int eventId) {
        String target = expected(device, eventId);
        if (!target.equals("dropped")) {
            pending.add(target);
        }
    }

    private void move(int from, int to, int intid) {
        if (pending.remove(from + ":" + intid)) {
            pending.add(to + ":" + intid);
        }
    }
}
