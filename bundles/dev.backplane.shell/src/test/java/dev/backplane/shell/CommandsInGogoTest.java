package dev.backplane.shell;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionResult;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class CommandsInGogoTest {
    private final FakeBoard board = new FakeBoard("main")
            .slot("smmu0", "arm-smmuv3", new FakeSmmu("smmu0"))
            .slot("smmu1", "arm-smmuv3", new FakeSmmu("smmu1"))
            .slot("gic", "arm-gicv3", new FakeGic());
    private final GogoSession gogo = new GogoSession(board);

    @AfterEach
    void end() {
        gogo.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "board:slots                      | smmu0  arm-smmuv3  RUNNING  0x9050000",
        "board:list                       | *  main",
        "board:info                       | ├─ machine",
        "board:devices                    | edu   PCI device for teaching",
        "board:devices edu                | dma_mask  uint64  268435455  bits of a DMA address",
        "board:use main                   | current board: main",
        "board:why                        | board main is complete",
        "board:why gic                    | slot gic is RUNNING",
        "board:swap smmu0 accel=on        | slot smmu0 has accel=on and is served by dev.backplane.fake 0.1.0 [7]",
        "board:select gic dev.backplane.fake:0.1.0 | slot gic is not pinned and served by dev.backplane.fake",
        "board:history gic                | REALIZED      12.0 ms  dev.backplane.fake 0.1.0 [7]",
        "board:history gic                | SWAP_REFUSED        -  a stream translates",
        "board:history gic                | HANDED_OVER    345 µs  from one to another",
        "board:reset                      | board main was reset",
        "mem:map                          | 0009050000  000906ffff  mmio  smmu0  smmu",
        "mem:read 0x40000000 16           | 0040000000  00 00 00",
        "mem:read -w 4 0x40000000         | 0x00000000",
        "pci:list                         | 00:03.0      0x18  1234:11e8  e1    edu",
        "pci:show 00:03.0                 | BAR0",
        "pci:show e1                      | 0x10000000",
        "smmu:regs -s smmu0               | CR0  0x0000000d  +0x20  SMMUEN=0x1 EVENTQEN=0x1 CMDQEN=0x1",
        "smmu:regs -s smmu1 cr1           | CR1",
        "smmu:ste 8                       | STE of StreamID 0x8 in smmu0",
        "smmu:ste 0x1000                  | STE of StreamID 0x1000 in smmu1",
        "smmu:ste 10:00.0                 | STE of StreamID 0x1000 in smmu1",
        "smmu:ste --slot smmu1 8          | STE of StreamID 0x8 in smmu1",
        "smmu:cd --pasid 3 8              | SubstreamID  3",
        "smmu:explain 0x8 0xfffff040      | => 0x8090040, rw, one entry covers 4K",
        "smmu:explain 0x8 0xfffff040 --write            | WRITE 0xfffff040",
        "smmu:explain 0x8 0xfffff040 --write --pasid 5  | PASID 5",
        "smmu:explain 0x8 0               | event record 0000000000000010 0000000000000002",
        "smmu:mappings 8                  | 0000ff300000-0000ff300fff      44fe0000     4K  r-        3  ASID 3",
        "smmu:mappings 8                  | 2 mappings",
        "smmu:mappings 9                  | 2 mappings, and more that are not listed",
        "smmu:events -s smmu0             | no events",
        "smmu:commands -s smmu0 -n 1      | CMD_SYNC",
        "smmu:tlb -s smmu0                | TLB",
        "smmu:cache -s smmu0              | cache",
        "smmu:stats -s smmu0              | hits",
        "smmu:accel                       | 0x108     0000:41:00.0  nested       id 9   id 8     STE.Config",
        "smmu:accel                       | vIOMMU  id 5",
        "smmu:accel -s smmu1              | host IDR0  0x0d4c101b",
        "gic:pending                      | 8192  LPI     1      0xa0  yes      no      1",
        "gic:irq -c 1 8192                | 8192",
        "gic:cpus                         | CPUs",
        "gic:ack 1                        | 8192",
        "gic:drive 40 pulse               | input 40 of gic: pulse",
        "gic:drive -c 1 27 on             | input 27 of processor 1 of gic: on",
        "gic:eoi 1 8192                   | processor 1 ended interrupt 8192",
        "its:translate 0x8 0              | => INTID 8192 at processor 1",
        "its:translate 8 7                | => dropped",
        "its:route 0x8 0                  | DeviceID 0x8, EventID 0x0: INTID 8192 at processor 1",
        "its:route 8 7                    | DeviceID 0x8, EventID 0x7: dropped; its:translate says why",
        "its:devices                      | devices",
        "its:commands                     | commands",
        "its:errors                       | errors",
        "dma:write 8 0x40000100 11:22:33  | 0x40000100: wrote 3 bytes",
        "dma:write --text 8 0x40000100 hi | 0x40000100: wrote 2 bytes",
        "dma:read 00:01.0 0x40000100 16   | 0040000100",
        "dma:read --pasid 7 8 0x40000100  | 0040000100",
        "msi:send 00:03.0 0               | 00:03.0 sent vector 0",
        "msi:send -a 0x40000200 8 5       | 00:01.0 wrote 0x5 to 0x40000200",
    })
    void answers(String line, String expected) throws Exception {
        String output = gogo.run(line);
        assertThat(output).contains(expected);
        assertThat(output.lines()).allSatisfy(text -> assertThat(text).hasSizeLessThanOrEqualTo(80));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "board:why smu0             | no slot 'smu0'; did you mean 'smmu0'? board:slots shows all",
        "board:use mian             | no board 'mian'; did you mean 'main'? board:list shows all",
        "board:plug eud             | no device type 'eud'; did you mean 'edu'? board:devices shows all",
        "board:plug edu 5           | '5': expected key=value",
        "board:plug edu id=a id=b   | 'id' is given twice",
        "board:plug edu addr=00.0   | addr=00.0: the host bridge sits there; leave addr out",
        "board:unplug gic           | slot gic is the machine's own and stays",
        "board:swap gic fast        | 'fast': expected key=value",
        "board:update gic /no.jar   | no file '/no.jar'",
        "mem:read 0xzz              | address '0xzz' is no number: type it in decimal or, with 0x, in hexadecimal",
        "mem:read 0x0               | read of 64 bytes at 0x0 to 0x3f failed: DECODE_ERROR: nothing answers there, or "
                + "at a part of it; mem:map",
        "mem:read 0x40000000 -5     | length -5 is out of range: expected 1 to 1048576 bytes",
        "mem:read 0x40000000 16 32  | expected one length at the most, '16': leave out '32'",
        "mem:read -c -1 0x40000000  | processor -1 is out of range: expected 0 to 511",
        "dma:read 8 0x40000000 16 x | expected one length at the most",
        "dma:read foo 0x40000000    | 'foo' is no requester: type its StreamID as a number, such as 0x8, or its PCI "
                + "address, such as 00:01.0",
        "board:why smmu0 gic        | expected one slot at the most, 'smmu0': leave out 'gic'",
        "board:devices edu edu      | expected one device type at the most",
        "board:create b2 device=    | 'device=': expected the device's type first, for example device=edu,id=edu0",
        "board:create b2 device=id=a | 'device=id=a': expected the device's type first",
        "its:translate 0x10000 0    | DeviceID 0x10000 is out of range: expected 0 to 0xffff",
        "its:route foo 0            | type its DeviceID as a number",
        "smmu:regs -s smmu0 nosuch  | slot 'smmu0' has no register whose name contains 'nosuch'; smmu:regs shows all",
        "gic:drive 5 on             | INTID 5 is out of range: expected 16 to 31 for a private input of the processor "
                + "that -c names, or 32 to 1019",
        "gic:ack 1 2                | expected one processor at the most",
        "msi:send 0x8 1             | board 'main' has no PCI function 00:01.0; pci:list shows all, and msi:send -a",
        "mem:read 0x40000000 2M     | length 2M is out of range: expected 1 to 1048576 bytes",
        "mem:write -w 3 0x40000000 1 | width 3: expected 1, 2, 4 or 8 bytes",
        "mem:write -w 1 0x40000000 256 | value 256 is out of range: expected 0 to 255",
        "smmu:ste 0x10000           | StreamID 0x10000 is out of range: expected 0 to 0xffff",
        "smmu:ste 00:20.0           | expected up to ff:1f.7",
        "smmu:events                | several of SMMU: choose one of smmu0, smmu1 with --slot",
        "smmu:events -s gic         | slot 'gic' holds arm-gicv3, which is no SMMU",
        "gic:drive 40 high          | level 'high': expected on, off or pulse",
        "gic:drive 1020 on          | INTID 1020 is out of range",
        "gic:drive -c 512 27 on     | processor 512 is out of range",
        "gic:ack 9                  | processor 9: expected 0 to 1",
        "gic:irq 99999999           | INTID 99999999 is out of range",
        "dma:write 8 0x40000000 xyz | bytes 'xyz': expected two hexadecimal digits for each byte",
        "msi:send 00:03.0 1         | 00:03.0 has 1 vector: expected 0",
        "pci:show 00:04.0           | no function '00:04.0'; did you mean '00:03.0'? pci:list shows all",
    })
    void refusesWithWhatToDo(String line, String message) {
        assertThatThrownBy(() -> gogo.run(line)).hasMessageContaining(message);
    }

    @Test
    void severalFiltersShowTheRegistersOfEach() throws Exception {
        assertThat(gogo.run("smmu:regs -s smmu0 cr0 cr1")).contains("CR0 ").contains("CR1 ");
    }

    @Test
    void linesOfAPipeAreWhole() throws Exception {
        String name = "s".repeat(60);
        board.slot(name, "arm-gicv3", new FakeGic());
        gogo.interactive();
        String provider = "dev.backplane.fake 0.1.0 [7]";
        assertThat(gogo.run("board:slots | tac")).containsPattern(name + " .* " + Pattern.quote(provider));
        assertThat(gogo.run("board:slots")).contains(name).doesNotContain(provider);
    }

    @Test
    void aBoardWithoutSlotsSaysSo() throws Exception {
        gogo.boards.add(new FakeBoard("empty"));
        assertThat(gogo.run("board:slots -b empty")).isEqualTo("board empty has no slots; type board:why");
    }

    @Test
    void plugsWithTheBoardsKeysApartFromTheDevices() throws Exception {
        assertThat(gogo.run("board:plug edu id=e2 bus=pcie.0 addr=05.0 dma_mask=0xff")).isEqualTo("edu is in slot e2");
        assertThat(board.plugged).singleElement().satisfies(request -> {
            assertThat(request.id()).isEqualTo("e2");
            assertThat(request.bus()).isEqualTo("pcie.0");
            assertThat(request.address()).isEqualTo("05.0");
            assertThat(request.properties()).isEqualTo(Map.of("dma_mask", "0xff"));
        });
    }

    @Test
    void whoIsInASlotIsChangedAsAsked() throws Exception {
        gogo.run("board:swap smmu0 accel=on stage=1");
        gogo.run("board:select gic 12");
        gogo.run("board:select gic -");
        assertThat(board.changes)
                .containsExactly("swap smmu0 {accel=on, stage=1}", "select gic '12'", "select gic ''");
    }

    @Test
    void writtenMemoryReadsBack() throws Exception {
        gogo.run("mem:write -w 8 0x40000010 0x1122334455667788");
        assertThat(gogo.run("mem:read -w 2 0x40000016")).isEqualTo("0x1122");
        assertThat(gogo.run("mem:read 0x40000010 8")).contains("88 77 66 55 44 33 22 11");
    }

    @Test
    void theCurrentBoardIsTheSessions() throws Exception {
        gogo.run("board:create second");
        assertThat(gogo.run("board:info")).startsWith("board second");
        gogo.run("board:use main");
        assertThat(gogo.run("board:info")).startsWith("board main");
        assertThat(gogo.run("board:info -b second")).startsWith("board second");
        gogo.run("board:destroy main");
        assertThat(gogo.run("board:info")).startsWith("board second");
    }

    @Test
    void aParkedSlotSaysWhyItIsParked() throws Exception {
        board.parked("smmu2", "arm-smmuv3", "no bundle offers arm-smmuv3");
        assertThatThrownBy(() -> gogo.run("smmu:events -s smmu2"))
                .hasMessage("slot 'smmu2' is PARKED: no bundle offers arm-smmuv3; type board:why smmu2");
        assertThat(gogo.run("board:why smmu2")).isEqualTo(
                "smmu2: no bundle offers arm-smmuv3\n  what would help: install one");
    }

    @Test
    void aHeldTransactionIsAwaited() throws Exception {
        board.memory.next = new TransactionResult.Pending(new EndedTicket(TransactionResult.Fault.SLOT_TIMEOUT));
        assertThatThrownBy(() -> gogo.run("dma:read 8 0x40000000"))
                .hasMessageContaining("SLOT_TIMEOUT: a parked slot did not come back in time; type board:why");
        board.memory.next = new TransactionResult.Pending(new EndedTicket(TransactionResult.Done.DONE));
        assertThat(gogo.run("dma:write 8 0x40000000 00")).contains("wrote 1 bytes");
    }

    private record EndedTicket(TransactionResult end) implements Ticket {
        @Override
        public Optional<TransactionResult> result() {
            return Optional.of(end);
        }

        @Override
        public void whenDone(Completion completion) {
            completion.completed(new FakeMemory(0, 0).context, end);
        }

        @Override
        public boolean cancel() {
            return false;
        }
    }

    static Stream<String> commandNames() {
        return Commands.byName().keySet().stream();
    }

    @ParameterizedTest
    @MethodSource("commandNames")
    void everyCommandAndParameterIsDescribed(String name) {
        var signature = new Signature(Commands.byName().get(name));
        assertThat(signature.description()).isNotBlank();
        assertThat(Stream.concat(signature.options().stream(), signature.positional().stream()))
                .allSatisfy(argument -> assertThat(argument.description()).isNotBlank());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "board:why   | [board:why s]          | 1 | smmu0",
        "board:why   | [board:why -b main s]  | 3 | smmu0",
        "board:why   | [board:why -b m]       | 2 | main",
        "board:plug  | [board:plug e]         | 1 | edu",
        "board:plug  | [board:plug edu d]     | 2 | dma_mask=",
        "board:plug  | [board:plug edu \"id=a\" b] | 3 | bus=pcie.0",
        "smmu:ste    | [smmu:ste 0]           | 1 | 0x10",
        "smmu:events | [smmu:events -s s]     | 2 | smmu1",
        "msi:send    | [msi:send 0]           | 1 | 00:03.0",
        "mem:read    | [mem:read -w 1]        | 2 | 8",
    })
    void completionOffers(String command, String words, int index, String expected) throws Exception {
        Object offered = gogo.session.execute("backplane:candidates %s %s %d".formatted(command, words, index));
        assertThat(offered.toString()).contains(expected);
    }

    @Test
    void coloursStatesOnATerminalOnly() throws Exception {
        assertThat(gogo.run("board:slots")).doesNotContain("\u001b");
        gogo.session.put("TERM", "xterm");
        assertThat(gogo.run("board:slots")).contains("\u001b[32mRUNNING\u001b[0m");
        gogo.session.put("TERM", "dumb");
        assertThat(gogo.run("board:slots")).doesNotContain("\u001b");
    }

    @Test
    void aFailingCommandFailsTheWholeLine() {
        assertThatThrownBy(() -> gogo.run("board:slots; board:why nosuch; board:slots"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void completionOfAnUnknownCommandOffersNothing() throws Exception {
        assertThat(gogo.session.execute("backplane:candidates no:such [no:such a] 1").toString()).isEqualTo("[]");
    }
}
