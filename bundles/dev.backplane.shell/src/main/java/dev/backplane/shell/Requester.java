package dev.backplane.shell;

import dev.backplane.memory.TransactionAttributes;
import dev.backplane.pci.Bdf;
import dev.backplane.shell.text.Numbers;

/** Reads how people name a requester: as a number (StreamID, requester ID) or as a PCI address. */
final class Requester {
    /** Type of a requester in help texts. */
    static final String HELP = "StreamID as a number, or a PCI address such as 00:01.0";

    private Requester() {}

    /** {@return the requester ID, 0 to 0xFFFF} */
    static int parse(String text) {
        return parse("StreamID", text);
    }

    /**
     * {@return the requester ID, 0 to 0xFFFF}
     *
     * @param what what it is called where it is used, for the message
     */
    static int parse(String what, String text) {
        if (text.contains(":") || text.contains(".")) {
            return Bdf.parse(text).requesterId();
        }
        if (text.isEmpty() || "0123456789-".indexOf(text.charAt(0)) < 0) {
            throw new IllegalArgumentException("'%s' is no requester: type its %s as a number, such as 0x8, or its PCI "
                    .formatted(text, what) + "address, such as 00:01.0");
        }
        return (int) Numbers.parse(what, text, 0xFFFF);
    }

    static Bdf address(String text) {
        return Bdf.ofRequesterId(parse(text));
    }

    /** {@return attributes of a requester; {@code pasid} is a number or {@code ""}} */
    static TransactionAttributes attributes(int requesterId, String pasid) {
        TransactionAttributes plain = TransactionAttributes.ofRequester(requesterId);
        return pasid.isEmpty() ? plain : plain.withSubstream((int) Numbers.parse("PASID", pasid, 0xFFFFF));
    }
}
