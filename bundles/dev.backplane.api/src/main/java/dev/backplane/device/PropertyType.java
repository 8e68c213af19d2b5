package dev.backplane.device;

/** Types of device properties. */
public enum PropertyType {
    /** {@link Boolean}; written {@code on}, {@code off}, {@code true}, {@code false}, {@code yes}, {@code no}. */
    BOOL,
    /** {@link Long}, unsigned 32-bit; written decimal or {@code 0x} hexadecimal. */
    UINT32,
    /** {@link Long}, unsigned 64-bit; written decimal or {@code 0x} hexadecimal. */
    UINT64,
    /** {@link Long}, bytes; a number with an optional suffix {@code K}, {@code M}, {@code G} or {@code T}. */
    SIZE,
    /** {@link String}. */
    STRING,
    /** {@link String}, one of the descriptor's choices, for example {@code on|off|auto}. */
    CHOICE,
    /** {@link String}, the name of a slot or a bus; {@code ""} when not linked. */
    LINK
}
