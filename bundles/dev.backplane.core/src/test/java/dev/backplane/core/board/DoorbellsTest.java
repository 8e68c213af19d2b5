package dev.backplane.core.board;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.board.Board;
import dev.backplane.board.DeviceRequest;
import dev.backplane.board.PlugException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which doorbell the device of a root bus is told, with several MSI controllers on a board. */
class DoorbellsTest {
    private static final long OF_THE_MACHINE = FakeMachine.CONTROLLER + 0x40;
    private final Bench bench = new Bench();
    private Board board;

    @BeforeEach
    void compose() {
        bench.offer(bench.factory("plain"));
        board = bench.completeBoard();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    private long plug(String type, String id, String property, String bus) throws PlugException {
        return (long) board.plug(new DeviceRequest(type, id, "", "", Map.of(property, bus)))
                .properties()
                .get("msi-gpa");
    }

    @Test
    void aRootBusThatNoControllerNamesIsServedByTheOneThatNamesNone() throws PlugException {
        assertThat(plug("plain", "dev", "primary-bus", "pcie.0")).isEqualTo(OF_THE_MACHINE);
    }

    @Test
    void theControllerThatNamesARootBusServesIt() throws PlugException {
        plug("controller", "other", "root-bus", "pcie.0");
        assertThat(plug("plain", "dev", "primary-bus", "pcie.0")).isEqualTo(0x0A00_2040L);
        assertThat(plug("plain", "elsewhere", "primary-bus", "timer")).isEqualTo(OF_THE_MACHINE);
        assertThatThrownBy(() -> board.unplug("other")).hasMessageContaining("unplug dev first");
    }

    @Test
    void whereMoreThanOneCouldBeMeantTheDeviceIsRefused() throws PlugException {
        plug("controller", "other", "root-bus", "");
        assertThatThrownBy(() -> plug("plain", "dev", "primary-bus", "pcie.0"))
                .isInstanceOf(PlugException.class)
                .hasMessageContaining("MSIs of bus 'pcie.0' could go to gic or other: set property root-bus");
        assertThat(board.slot("dev")).isEmpty();
        board.unplug("other");
        assertThat(plug("plain", "dev", "primary-bus", "pcie.0")).isEqualTo(OF_THE_MACHINE);
    }

    @Test
    void aUserCannotSetTheDoorbell() {
        assertThatThrownBy(() -> plug("plain", "dev", "msi-gpa", "0x8090040"))
                .hasMessageContaining("property 'msi-gpa' is set by the board");
    }
}
