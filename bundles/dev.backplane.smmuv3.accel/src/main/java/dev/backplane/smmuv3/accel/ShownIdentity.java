package dev.backplane.smmuv3.accel;

import dev.backplane.register.BitField;
import dev.backplane.smmuv3.control.SmmuIdentity;
import dev.backplane.smmuv3.control.SmmuOptions;
import dev.backplane.smmuv3.spec.IdRegisters;
import dev.backplane.smmuv3.spec.IdRegisters.Idr0;
import dev.backplane.smmuv3.spec.IdRegisters.Idr1;
import dev.backplane.smmuv3.spec.IdRegisters.Idr3;
import dev.backplane.smmuv3.spec.IdRegisters.Idr5;
import dev.backplane.smmuv3.translate.Granule;
import java.util.Map;
import java.util.Set;

/** Makes the ID registers of properties; where a property is open, features of hosts fill in. */
final class ShownIdentity {
    private ShownIdentity() {}

    /**
     * {@return what the ID registers show}
     *
     * @throws IllegalArgumentException if the features contradict the properties
     */
    static SmmuIdentity of(AccelProperties properties, HostFeatures open) {
        Set<Granule> granules = properties.granules().orElse(open.granules());
        var options = new SmmuOptions(
                true,
                false,
                properties.outputBits().orElse(open.outputBits()),
                properties.rangeInvalidation().orElse(open.rangeInvalidation()),
                granules,
                properties.streamIdBits(),
                properties.commandQueueBits(),
                properties.eventQueueBits());
        SmmuIdentity base = properties.profile().identity(options);
        int substreams = properties.substreamIdBits().orElse(open.substreamIdBits());
        int idr0 = with(Idr0.ATS, base.idr0(), properties.ats().orElse(open.ats()) ? 1 : 0);
        idr0 = with(Idr0.CD2L, idr0, substreams != 0 && open.twoLevelContexts() ? 1 : 0);
        return new SmmuIdentity(
                idr0,
                with(Idr1.SSIDSIZE, base.idr1(), substreams),
                base.idr3(),
                base.idr5(),
                base.iidr(),
                base.aidr(),
                base.peripheral());
    }

    /** {@return what saved ID registers show, to fill in the open properties of a successor} */
    static HostFeatures saved(Map<?, ?> registers) {
        int idr0 = word(registers, "IDR0");
        int idr5 = word(registers, "IDR5");
        return new HostFeatures(
                IdRegisters.addressBits(Idr5.OAS.getInt(idr5)),
                Idr3.RIL.isSet(word(registers, "IDR3")),
                Idr0.ATS.isSet(idr0),
                Idr1.SSIDSIZE.getInt(word(registers, "IDR1")),
                Idr0.CD2L.isSet(idr0),
                HostFeatures.granules(idr5));
    }

    private static int word(Map<?, ?> registers, String name) {
        return registers.get(name) instanceof Number number ? number.intValue() : 0;
    }

    private static int with(BitField field, int word, int value) {
        return (int) field.with(word & 0xFFFF_FFFFL, value);
    }
}
