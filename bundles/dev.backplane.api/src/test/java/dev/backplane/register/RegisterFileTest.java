package dev.backplane.register;

import static dev.backplane.register.BitField.bit;
import static dev.backplane.register.BitField.bits;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.register.RegisterSpec.Policy;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RegisterFileTest {
    private final RegisterFile file = new RegisterFile(List.of(
            RegisterSpec.word("ID", 0x0, Policy.READ_ONLY, 0xCAFE, bits("N", 15, 0)),
            RegisterSpec.word("CTRL", 0x4, Policy.READ_WRITE, 0, bit("EN", 0), bits("MODE", 6, 4)),
            RegisterSpec.word("STATUS", 0x8, Policy.WRITE_ONE_TO_CLEAR, 0xF, bits("ERR", 3, 0)),
            RegisterSpec.doubleWord("BASE", 0x10, Policy.READ_WRITE, 0, bits("ADDR", 51, 12)),
            RegisterSpec.word("KICK", 0x18, Policy.WRITE_ONLY, 0, bits("N", 31, 0))));

    @Test
    void bitsWithoutANameAreRes0() {
        file.write(0x4, 4, 0xFFFF_FFFFL);
        assertThat(file.read(0x4, 4)).isEqualTo(0x71);
    }

    @Test
    void readOnlyIgnoresWritesAndOnesClear() {
        file.write(0x0, 4, 0);
        assertThat(file.read(0x0, 4)).isEqualTo(0xCAFE);
        file.write(0x8, 4, 0x5);
        assertThat(file.read(0x8, 4)).isEqualTo(0xA);
    }

    @Test
    void doubleWordsAreReachableAsHalves() {
        file.write(0x10, 8, -1L);
        assertThat(file.read(0x10, 8)).isEqualTo(0x000F_FFFF_FFFF_F000L);
        file.write(0x14, 4, 0x5);
        assertThat(file.read(0x10, 8)).isEqualTo(0x5_FFFF_F000L);
        assertThat(file.read(0x14, 4)).isEqualTo(0x5);
    }

    @Test
    void eightBytesOverTwoWordsReachBoth() {
        assertThat(file.write(0x0, 8, 0x11_0000_0000L)).isEqualTo(file.indexOf("ID"));
        assertThat(file.read(0x0, 8)).isEqualTo(0x11_0000_CAFEL);
    }

    @Test
    void nothingIsStoredInWriteOnlyRegistersAndHolesReadAsZero() {
        assertThat(file.write(0x18, 4, 7)).isEqualTo(file.indexOf("KICK"));
        assertThat(file.read(0x18, 4)).isZero();
        assertThat(file.indexAt(0xC)).isEqualTo(-1);
        assertThat(file.write(0x1000, 4, 7)).isEqualTo(-1);
        assertThat(file.read(0x1000, 8)).isZero();
    }

    @Test
    void savedWordsComeBackByName() {
        file.write(0x4, 4, 0x31);
        Map<String, Object> saved = file.save();
        file.reset();
        file.restore(saved);
        assertThat(file.get(file.indexOf("CTRL"))).isEqualTo(0x31);
    }

    @Test
    void aTableWithOverlapsDoesNotLoad() {
        var a = RegisterSpec.doubleWord("A", 0, Policy.READ_WRITE, 0);
        var b = RegisterSpec.word("B", 4, Policy.READ_WRITE, 0);
        assertThatThrownBy(() -> new RegisterFile(List.of(a, b))).hasMessageContaining("registers A and B overlap");
        assertThatThrownBy(() -> RegisterSpec.word("C", 0, Policy.READ_WRITE, 0, bits("X", 3, 0), bit("Y", 3)))
                .hasMessageContaining("field Y");
    }

    @Test
    void inspectionShowsRegistersAndFields() {
        file.write(0x4, 4, 0x31);
        var node = file.inspect("regs").child("CTRL");
        assertThat(node.value()).isEqualTo("0x00000031");
        assertThat(node.child("MODE").value()).isEqualTo("0x3");
    }
}
