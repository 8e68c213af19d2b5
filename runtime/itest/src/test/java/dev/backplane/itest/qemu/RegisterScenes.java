package dev.backplane.itest.qemu;

import dev.backplane.itest.qemu.AccessScene.Reading;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Random accesses of the SMMU's registers while nothing is enabled. */
final class RegisterScenes {
    static final String MACHINE =
            "-machine virt,acpi=off,gic-version=3,iommu=smmuv3 -smp 1 -m 512 -cpu max -net none -device iommu-testdev";
    private static final int PAGE0_ALIAS = 0x10000;
    /** MTCFG with MemAttr, ALLOCCFG, SHCFG, PRIVCFG and INSTCFG. */
    private static final long GBPA_ATTRIBUTES = 0x000F_3F1F;
    /** SHCFG: incoming shareability. */
    private static final long GBPA_AT_RESET = 0x1000;

    /**
     * A register of IHI 0070 section 6.3.
     *
     * @param offset where it is
     * @param size bytes
     * @param writable bits that software can change here
     */
    private enum Register {
        IDR0(0x00, 4, 0), IDR1(0x04, 4, 0), IDR2(0x08, 4, 0), IDR3(0x0C, 4, 0), IDR4(0x10, 4, 0), IDR5(0x14, 4, 0),
        IIDR(0x18, 4, 0), AIDR(0x1C, 4, 0), CR0ACK(0x24, 4, 0), CR1(0x28, 4, 0xFFF), CR2(0x2C, 4, 0x6),
        STATUSR(0x40, 4, 0), GBPA(0x44, 4, 1 << 20), AGBPA(0x48, 4, 0), IRQ_CTRL(0x50, 4, 5), IRQ_CTRLACK(0x54, 4, 5),
        GERROR(0x60, 4, 0), GERROR_IRQ_CFG0(0x68, 8, 0), GERROR_IRQ_CFG1(0x70, 4, 0), GERROR_IRQ_CFG2(0x74, 4, 0),
        STRTAB_BASE(0x80, 8, 0x40FF_FFFF_FFFF_FFC0L), STRTAB_BASE_CFG(0x88, 4, 0x307FF),
        CMDQ_BASE(0x90, 8, 0x40FF_FFFF_FFFF_FFFFL), CMDQ_PROD(0x98, 4, 0xFFFFF), CMDQ_CONS(0x9C, 4, 0x7F0F_FFFF),
        EVENTQ_BASE(0xA0, 8, 0x40FF_FFFF_FFFF_FFFFL), EVENTQ_PROD(0x100A8, 4, 0x800F_FFFFL),
        EVENTQ_CONS(0x100AC, 4, 0x800F_FFFFL), EVENTQ_IRQ_CFG0(0xB0, 8, 0), EVENTQ_IRQ_CFG1(0xB8, 4, 0),
        EVENTQ_IRQ_CFG2(0xBC, 4, 0), PRIQ_BASE(0xC0, 8, 0), PIDR4(0xFD0, 4, 0), PIDR0(0xFE0, 4, 0), CIDR0(0xFF0, 4, 0);

        final int offset;
        final int size;
        final long writable;

        Register(int offset, int size, long writable) {
            this.offset = offset;
            this.size = size;
            this.writable = writable;
        }

        long address() {
            return SmmuPlay.SMMU + offset;
        }

        static Register at(long address) {
            for (Register register : values()) {
                if (address >= register.address() && address < register.address() + register.size) {
                    return register;
                }
            }
            throw new IllegalArgumentException("0x%x: no register".formatted(address));
        }
    }

    /** Registers whose value at reset is UNKNOWN, with the bits that the peer leaves as they were. */
    private static final Map<Register, Long> KEPT = Map.of(
            Register.CR1, -1L, Register.CR2, -1L, Register.STRTAB_BASE, -1L, Register.STRTAB_BASE_CFG, -1L,
            Register.GERROR_IRQ_CFG0, -1L, Register.GERROR_IRQ_CFG1, -1L, Register.GERROR_IRQ_CFG2, -1L,
            Register.CMDQ_BASE, ~0x1FL, Register.EVENTQ_BASE, ~0x1FL);

    static final List<Deviation<AccessScene, Reading>> DEVIATIONS = List.of(
            // What was written before the reset is still there. Here all of them are 0.
            new Deviation<>("reset-keeps", (scene, step, ours, theirs) -> {
                Access access = ours.access();
                Register register = Register.at(access.address());
                long kept = (KEPT.getOrDefault(register, 0L) & ~written(scene, register))
                        >>> 8 * (access.address() - register.address());
                return theirs.with(theirs.value() & ~kept);
            }),
            // 6.3: what no field has is RES0. The peer keeps what was written.
            new Deviation<>("reg-res0", (scene, step, ours, theirs) -> {
                Access access = ours.access();
                Register register = Register.at(access.address());
                long writable = register.writable >>> 8 * (access.address() - register.address());
                boolean written = wasWritten(scene, register == Register.IRQ_CTRLACK ? Register.IRQ_CTRL : register);
                return !written && !KEPT.containsKey(register) || writable == 0 && ours.value() != 0
                        ? theirs
                        : theirs.with(theirs.value() & writable);
            }),
            // 6.3.15: the attributes of GBPA do nothing here, but are kept. The peer keeps ABORT alone.
            new Deviation<>("gbpa-attributes", (scene, step, ours, theirs) ->
                    Register.at(ours.access().address()) == Register.GBPA
                            ? theirs.with(theirs.value() & 1 << 20 | attributes(scene))
                            : theirs));

    private RegisterScenes() {}

    /** {@return what the last update of GBPA in a scene wrote, but ABORT} */
    private static long attributes(AccessScene scene) {
        long attributes = GBPA_AT_RESET;
        for (Access access : scene.accesses()) {
            boolean updates = (access.value() >>> 31 & 1) == 1;
            if (access.write() && access.address() == Register.GBPA.address() && updates) {
                attributes = access.value() & GBPA_ATTRIBUTES;
            }
        }
        return attributes;
    }

    private static boolean wasWritten(AccessScene scene, Register register) {
        return written(scene, register) != 0;
    }

    /** {@return the bits of a register that the scene writes} */
    private static long written(AccessScene scene, Register register) {
        long bits = 0;
        for (Access access : scene.accesses()) {
            long offset = access.address() - SmmuPlay.SMMU;
            if (register == Register.EVENTQ_PROD || register == Register.EVENTQ_CONS) {
                offset |= PAGE0_ALIAS;
            }
            long from = offset - register.offset;
            if (access.write() && from >= 0 && from < register.size) {
                bits |= (access.size() == 8 ? -1L : 0xFFFF_FFFFL) << 8 * from;
            }
        }
        return bits;
    }

    static AccessScene make(long seed, int number) {
        var dice = new Dice(seed, number);
        var accesses = new ArrayList<Access>();
        int count = 3 + dice.below(20);
        for (int i = 0; i < count; i++) {
            Register register = Register.values()[dice.below(Register.values().length)];
            boolean half = register.size == 4 || dice.coin();
            long address = register.address() + (register.size == 8 && half ? 4 * dice.below(2) : 0);
            if ((register == Register.EVENTQ_PROD || register == Register.EVENTQ_CONS) && dice.coin()) {
                address -= PAGE0_ALIAS;
            }
            long value = dice.pick(-1L, 0L, dice.bits(64), dice.bits(64));
            if (register == Register.GBPA && dice.coin()) {
                value |= 1L << 31;
            }
            accesses.add(Access.write(register.name(), half ? 4 : 8, address, value));
        }
        for (Register register : Register.values()) {
            accesses.add(Access.read(register.name(), register.size, register.address()));
            if (register.size == 8) {
                accesses.add(Access.read(register.name(), 4, register.address() + 4));
            }
        }
        return new AccessScene(List.copyOf(accesses));
    }
}
