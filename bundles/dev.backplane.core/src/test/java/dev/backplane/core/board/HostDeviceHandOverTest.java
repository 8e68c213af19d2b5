package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import dev.backplane.board.Slot;
import dev.backplane.core.slot.Offer;
import dev.backplane.pci.PciIommuOps.ViommuFlag;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/** Hand-overs of host devices, and of the IOMMU before them, to models of the same and of another kind. */
class HostDeviceHandOverTest extends HostDeviceBoard {
    @Test
    void aSuccessorOfTheDevicesModelFindsEverythingInPlace() throws Exception {
        plugIommu();
        Slot slot = plug("nic0", "3", ONE);
        host.journal.clear();
        iommus.journal.clear();
        bench.registry.offer(devices.offer(11));
        bench.settled(board);
        bench.withdraw(deviceOffer);
        assertThat(slot.handOvers()).isOne();
        assertThat(host.journal).isEmpty();
        assertThat(iommus.journal).isEmpty();
    }

    @Test
    void aSuccessorOfTheIommuForTheSamePurposeAdoptsTheDevice() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        host.journal.clear();
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(host.journal).as("hardware is left as it is").isEmpty();
        assertThat(iommus.journal).endsWith("2 set 00:03.0 " + ONE);
        bench.withdraw(iommuOffer);
        board.unplug("nic0");
        assertThat(iommus.journal).endsWith("2 unset 00:03.0");
    }

    @Test
    void anIommuThatAnswersTooLateGetsNoDevice() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        bench.withdraw(iommuOffer);
        var released = new CountDownLatch(1);
        var late = new AtomicReference<Thread>();
        iommus.onSpace = () -> {
            late.set(Thread.currentThread());
            awaitUninterruptibly(released);
        };
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        Slot smmu = board.slot("smmu0").orElseThrow();
        assertThat(smmu.why().getFirst().reason()).contains("did not return");
        iommus.onSpace = () -> {};
        bench.registry.offer(iommus.offer(22));
        bench.settled(board);
        assertThat(smmu.provider()).hasValue("iommu [22]");
        released.countDown();
        late.get().join();
        assertThat(iommus.holders).containsEntry(0x18, 3);
        assertThat(iommus.journal).noneMatch(entry -> entry.startsWith("2 "));
    }

    @Test
    void norDoesOneThatWaitedTooLongForTheHost() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        var released = new CountDownLatch(1);
        host.onMap = () -> {
            awaitUninterruptibly(released);
            throw new IllegalStateException("the host took too long");
        };
        var another = new DeviceRequest(
                HostDeviceModel.TYPE, "nic1", "", "4", Map.of("host", TWO, "iommufd", "another"));
        assertThatThrownBy(() -> board.plug(another)).hasMessageContaining("did not return");
        host.onMap = () -> {};
        bench.withdraw(iommuOffer);
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        Slot smmu = board.slot("smmu0").orElseThrow();
        assertThat(smmu.why().getFirst().reason()).contains("did not return");
        List<Thread> late = Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("backplane-model-"))
                .toList();
        released.countDown();
        for (Thread thread : late) {
            thread.join();
        }
        assertThat(iommus.journal).noneMatch(entry -> entry.startsWith("2 "));
        bench.registry.offer(iommus.offer(22));
        bench.settled(board);
        assertThat(iommus.holders).containsEntry(0x18, 3);
    }

    private static void awaitUninterruptibly(CountDownLatch released) {
        while (true) {
            try {
                released.await();
                return;
            } catch (InterruptedException e) {
                // A plugin that does not even listen to that.
            }
        }
    }

    @Test
    void aSuccessorThatAlsoWantsSubstreamsAdoptsTheDevice() throws Exception {
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        plugIommu();
        plug("nic0", "3", ONE);
        host.journal.clear();
        iommus.flags.add(ViommuFlag.PASID_SUPPORTED);
        iommus.silent = true;
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(host.journal).as("hardware is left as it is").isEmpty();
        assertThat(iommus.journal).endsWith("2 set 00:03.0 " + ONE);
        assertThat(board.slot("smmu0").orElseThrow().handOvers()).isOne();
    }

    @Test
    void aSuccessorOfAnotherKindGetsTheDeviceFromItsPredecessor() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        bench.registry.offer(iommus.offer(21));
        bench.settled(board);
        assertThat(iommus.journal).containsSubsequence("1 set 00:03.0 " + ONE, "2 set 00:03.0 " + ONE, "1 unset 00:03.0");
        assertThat(host.devices.get(ONE).table.nesting).isTrue();
        assertThat(tables()).isEqualTo(1);
    }

    @Test
    void aSuccessorOfAnotherKindSaysWhereTheDmaGoesBeforeThePredecessorLetsGo() throws Exception {
        iommus.lettingPass = true;
        for (boolean pass : new boolean[] {false, true}) {
            iommus.says = pass;
            iommus.flags.clear();
            plugIommu();
            plug("nic0", "3", ONE);
            host.journal.clear();
            iommus.flags.add(ViommuFlag.WANT_NESTING_PARENT);
            Offer next = iommus.offer(21);
            bench.registry.offer(next);
            bench.settled(board);
            assertThat(host.journal).containsExactly("hwpt nesting", pass ? "attach " + ONE : "detach " + ONE);
            assertThat(tables()).isEqualTo(1);
            iommus.says = null;
            board.unplug("nic0");
            board.unplug("smmu0");
            bench.withdraw(next);
        }
    }

    @Test
    void aSuccessorThatDoesNotTakeTheDeviceDoesNotServe() throws Exception {
        plugIommu();
        plug("nic0", "3", ONE);
        var picky = new IommuModel.Factory();
        picky.refusal = "the host's SMMU is another one";
        bench.registry.offer(picky.offer(21));
        bench.settled(board);
        Slot smmu = board.slot("smmu0").orElseThrow();
        assertThat(smmu.state()).isEqualTo(Slot.State.RUNNING);
        assertThat(smmu.provider()).hasValueSatisfying(provider -> assertThat(provider).contains("[20]"));
        assertThat(smmu.history()).anySatisfy(
                entry -> assertThat(entry.detail()).contains("the host's SMMU is another one"));
        assertThat(iommus.devices).containsValue(ONE);
    }

    private IommuModel.Factory composeWithTwoKinds() throws Exception {
        bench.withdraw(iommuOffer);
        bench.registry.offer(iommus.offer(20, "(!(accel=on))"));
        var nesting = new IommuModel.Factory();
        nesting.flags.add(ViommuFlag.WANT_NESTING_PARENT);
        bench.registry.offer(nesting.offer(21, "(accel=on)"));
        plugIommu();
        plug("nic0", "3", ONE);
        plug("nic1", "4", TWO);
        return nesting;
    }

    private void assertServedByTheFirstKind() {
        bench.settled(board);
        bench.settled(board);
        assertThat(board.slot("smmu0").orElseThrow().provider()).hasValue("iommu [20]");
        assertThat(board.slot("smmu0").orElseThrow().definition().properties()).doesNotContainKey("accel");
        assertThat(iommus.devices).containsOnlyKeys(0x18, 0x20);
        assertThat(tables()).isOne();
        for (String device : List.of(ONE, TWO)) {
            assertThat(host.devices.get(device).table).as(device).isNotNull();
            assertThat(host.devices.get(device).table.nesting).isFalse();
        }
    }

    @Test
    void aSwapThatTheHostRefusesHalfWayLeavesTheDevicesToTheModelBefore() throws Exception {
        IommuModel.Factory nesting = composeWithTwoKinds();
        int before = host.live.size();
        // The table that both share, the first device on it, the second one.
        for (int step = 1; step <= 3; step++) {
            host.failAt(step);
            assertThatThrownBy(() -> board.swap("smmu0", Map.of("accel", "on")))
                    .as("step " + step)
                    .isInstanceOf(PlugException.class)
                    .hasMessageContaining("ENOMEM: planted");
            assertThat(nesting.devices).as("step " + step).isEmpty();
            assertServedByTheFirstKind();
            assertThat(host.live).as("step " + step).hasSize(before);
        }
        host.failAt(0);
        board.swap("smmu0", Map.of("accel", "on"));
        assertThat(nesting.devices).containsOnlyKeys(0x18, 0x20);
        assertThat(tables()).isOne();
        assertThat(host.devices.get(TWO).table.nesting).isTrue();
    }

    @Test
    void aModelThatWantsANestingParentHasToSayWhereTheDmaGoes() throws Exception {
        IommuModel.Factory nesting = composeWithTwoKinds();
        board.unplug("nic1");
        nesting.silent = true;
        assertThatThrownBy(() -> board.swap("smmu0", Map.of("accel", "on")))
                .hasMessageContaining("host device " + ONE + ": slot smmu0, the IOMMU, wants a nesting parent and has "
                        + "left the device on the page table before");
        assertThat(nesting.devices).isEmpty();
        bench.settled(board);
        plug("nic1", "4", TWO);
        assertServedByTheFirstKind();
    }

    @Test
    void aRefusalIsNotHiddenByADeviceThatCannotBeStopped() throws Exception {
        IommuModel.Factory nesting = composeWithTwoKinds();
        nesting.refusal = "the host's SMMU is another one";
        host.devices.get(ONE).refusesToDetach = true;
        assertThatThrownBy(() -> board.swap("smmu0", Map.of("accel", "on")))
                .hasMessageContaining("the host's SMMU is another one");
        assertServedByTheFirstKind();
        host.devices.get(ONE).refusesToDetach = false;
    }
}
