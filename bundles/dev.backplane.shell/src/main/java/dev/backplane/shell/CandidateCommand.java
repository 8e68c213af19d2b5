package dev.backplane.shell;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.board.MachineType;
import dev.backplane.board.Slot;
import dev.backplane.device.DeviceFactory;
import dev.backplane.device.PropertyDescriptor;
import dev.backplane.inspect.IommuInspection;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.BundleContext;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Answers what completion may offer; called by the shell when a person presses TAB. */
@Component(service = CandidateCommand.class)
@GogoCommand(scope = "backplane", function = "candidates")
public final class CandidateCommand {
    private static final int MOST_STREAMS = 200;

    private final Selection selection;
    private final Boards boards;
    private final DeviceTypes types;
    private final BundleContext bundles;
    private final BundleFiles bundleFiles;

    /** Made by the framework. */
    @Activate
    public CandidateCommand(@Reference Boards boards, @Reference DeviceTypes types, BundleContext bundles) {
        this(boards, types, bundles, new BundleFiles(bundles.getProperty("backplane.home")));
    }

    CandidateCommand(Boards boards, DeviceTypes types, BundleContext bundles, BundleFiles bundleFiles) {
        this.bundleFiles = bundleFiles;
        selection = new Selection(boards);
        this.boards = boards;
        this.types = types;
        this.bundles = bundles;
    }

    /** {@return the candidates for a word of a command line} */
    @Descriptor("List what completion offers for a word of a command line")
    public List<String> candidates(
            CommandSession session,
            @Descriptor("command, for example board:plug") String command,
            @Descriptor("words of the line") List<?> words,
            @Descriptor("index of the word under the cursor") int index) {
        var method = Commands.byName().get(command);
        if (method == null || index < 1 || index >= words.size() + 1) {
            return List.of();
        }
        List<String> typed = words.stream().map(String::valueOf).toList();
        Optional<Completes.Kind> kind = new Signature(method).kindAt(typed, index);
        try {
            return kind.map(found -> values(session, found, typed)).orElse(List.of());
        } catch (IllegalArgumentException | IllegalStateException e) {
            // TAB with no board, or while one is composed: there is nothing to offer.
            return List.of();
        }
    }

    private List<String> values(CommandSession session, Completes.Kind kind, List<String> words) {
        return switch (kind) {
            case BOARD -> boards.list().stream().map(Board::name).toList();
            case DEVICE_TYPE -> types.all().stream().map(DeviceFactory::type).toList();
            case MACHINE -> machines();
            case WIDTH -> List.of("1", "2", "4", "8");
            case FILE -> files(session.currentDir(), words.getLast());
            case DEVICE_PROPERTY -> properties(session, words);
            case SLOT_PROPERTY -> propertiesOfSlot(selection.board(session, ""), words);
            case SLOT, PLUGGED_SLOT, SMMU, STREAM, FUNCTION -> ofBoard(selection.board(session, ""), kind);
        };
    }

    private static List<String> ofBoard(Board board, Completes.Kind kind) {
        return switch (kind) {
            case SLOT -> board.slots().stream().map(Slot::name).toList();
            case PLUGGED_SLOT -> board.slots().stream().filter(slot -> slot.definition().userCreated())
                    .map(Slot::name).toList();
            case SMMU -> Selection.able(board, IommuInspection.class).stream().map(Slot::name).toList();
            case FUNCTION -> board.pci().functions().stream().map(function -> function.address().toString()).toList();
            default -> streams(board);
        };
    }

    private static List<String> streams(Board board) {
        var ids = new TreeSet<Integer>();
        board.pci().functions().forEach(function -> ids.add(function.address().requesterId()));
        for (Slot slot : Selection.able(board, IommuInspection.class)) {
            slot.with(IommuInspection.class, IommuInspection::streams).stream()
                    .flatMap(List::stream).limit(MOST_STREAMS).forEach(ids::add);
        }
        return ids.stream().map(id -> "0x" + Integer.toHexString(id)).toList();
    }

    private List<String> properties(CommandSession session, List<String> words) {
        var offered = new ArrayList<>(List.of("id=", "addr="));
        selection.board(session, "").pci().rootBuses().forEach(bus -> offered.add("bus=" + bus.name()));
        types.all().stream()
                .filter(factory -> words.contains(factory.type()))
                .findFirst()
                .ifPresent(factory -> offered.addAll(values(factory)));
        return offered;
    }

    private List<String> propertiesOfSlot(Board board, List<String> words) {
        return board.slots().stream()
                .filter(slot -> words.contains(slot.name()))
                .flatMap(slot -> types.all().stream()
                        .filter(factory -> factory.type().equals(slot.definition().deviceType())))
                .flatMap(factory -> values(factory).stream())
                .distinct().toList();
    }

    private static List<String> values(DeviceFactory factory) {
        var offered = new ArrayList<String>();
        for (PropertyDescriptor property : factory.properties()) {
            if (property.wiring()) {
                continue;
            }
            switch (property.type()) {
                case BOOL -> Stream.of("on", "off").forEach(value -> offered.add(property.name() + "=" + value));
                case CHOICE -> property.choices().forEach(value -> offered.add(property.name() + "=" + value));
                default -> offered.add(property.name() + "=");
            }
        }
        return offered;
    }

    private List<String> machines() {
        try {
            return bundles.getServiceReferences(MachineType.class, null).stream()
                    .map((ServiceReference<MachineType> found) -> String.valueOf(found.getProperty(MachineType.NAME)))
                    .sorted().toList();
        } catch (InvalidSyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private List<String> files(Path folder, String typed) {
        int slash = typed.lastIndexOf('/') + 1;
        Stream<String> shipped = slash == 0 ? bundleFiles.shipped().stream() : Stream.of();
        return Stream.concat(shipped, filesIn(folder, typed, slash).stream()).distinct().toList();
    }

    private static List<String> filesIn(Path folder, String typed, int slash) {
        try (Stream<Path> found = Files.list(folder.resolve(typed.substring(0, slash)))) {
            return found.map(file -> typed.substring(0, slash) + file.getFileName()
                    + (Files.isDirectory(file) ? "/" : ""))
                    .sorted().toList();
        } catch (IOException e) {
            return List.of();
        }
    }
}
