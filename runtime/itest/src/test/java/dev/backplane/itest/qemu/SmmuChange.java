package dev.backplane.itest.qemu;

import java.util.List;

/**
 * What software does between two transfers: it changes a word, and tells the SMMU with commands that cover the change,
 * so that what was there before may not be used any more (IHI 0070 chapter 4).
 *
 * @param address of the word
 * @param word its new value
 * @param commands two words each, CMD_SYNC last
 */
record SmmuChange(long address, long word, List<long[]> commands) {
    @Override
    public String toString() {
        var text = new StringBuilder("0x%x := %016x".formatted(address, word));
        commands.forEach(command -> text.append(" | %016x %016x".formatted(command[0], command[1])));
        return text.toString();
    }
}
