package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.DeviceModel;
import dev.backplane.device.DeviceProperties;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.device.PropertyType;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Shell;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;

/** Our commands in a real Gogo session, without a framework. */
final class GogoSession implements Boards, AutoCloseable {
    final List<Board> boards = new ArrayList<>();
    final CommandSession session;
    private final ThreadIOImpl streams = new ThreadIOImpl();
    private final CommandProcessorImpl processor;
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();

    GogoSession(Board... given) {
        this(null, given);
    }

    /** Makes a session of a distribution in a folder. */
    GogoSession(String home, Board... given) {
        boards.addAll(List.of(given));
        streams.start();
        processor = new CommandProcessorImpl(streams);
        var types = new DeviceTypes(List.of(new EduFactory()));
        var shipped = new BundleFiles(home);
        List<Object> all = List.of(new BoardCommands(this), new SlotCommands(this, types, shipped),
                new ChangeCommands(this), new MemCommands(this),
                new PciCommands(this), new SmmuCommands(this), new AccelCommands(this), new GicCommands(this),
                new ItsCommands(this),
                new DmaCommands(this), new MsiCommands(this), new KvmCommands(this),
                new FirmwareCommands(this));
        Commands.byName().forEach((name, method) -> all.stream()
                .filter(method.getDeclaringClass()::isInstance)
                .forEach(command -> processor.addCommand(name.split(":")[0], command, method.getName())));
        processor.addCommand("backplane", new CandidateCommand(this, types, null, shipped), "candidates");
        session = processor.createSession(new ByteArrayInputStream(new byte[0]), printed, printed);
    }

    /** Makes the session one that completes, with Gogo's own commands for it. */
    GogoSession interactive() {
        var builtin = new Builtin();
        for (String function : List.of("complete", "set", "tac")) {
            processor.addCommand("gogo", builtin, function);
        }
        session.put(Shell.VAR_COMPLETIONS, new HashMap<>());
        processor.addListener(new CompletionInstaller());
        return this;
    }

    String run(String line) throws Exception {
        printed.reset();
        Object result = session.execute(line);
        session.getConsole().flush();
        return printed.toString(StandardCharsets.UTF_8) + (result == null ? "" : result);
    }

    @Override
    public List<Board> list() {
        return boards;
    }

    @Override
    public Optional<Board> find(String name) {
        return boards.stream().filter(board -> board.name().equals(name)).findFirst();
    }

    @Override
    public Board create(BoardDefinition definition) {
        Board board = new FakeBoard(definition.name());
        boards.add(board);
        return board;
    }

    @Override
    public void destroy(String name) {
        boards.removeIf(board -> board.name().equals(name));
    }

    @Override
    public void close() {
        session.close();
        processor.stop();
        streams.stop();
    }

    /** A device type with the properties that tests plug. */
    private static final class EduFactory implements DeviceFactory {
        @Override
        public String type() {
            return "edu";
        }

        @Override
        public String description() {
            return "PCI device for teaching: factorials, interrupts and DMA";
        }

        @Override
        public List<PropertyDescriptor> properties() {
            return List.of(PropertyDescriptor.of("dma_mask", PropertyType.UINT64, 0xFFF_FFFFL,
                    "bits of a DMA address"));
        }

        @Override
        public DeviceModel create(DeviceProperties properties) {
            throw new AssertionError("no test makes one");
        }
    }
}
