package dev.backplane.vm;

import dev.backplane.board.Board;
import dev.backplane.board.Boards;
import dev.backplane.vm.capture.Capture;
import dev.backplane.vm.capture.CaptureReader;
import dev.backplane.vm.load.CaptureLoader;
import dev.backplane.vm.replay.Replay;
import dev.backplane.vm.verify.Verification;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** Commands about captured guests. */
// Immediate: it remembers which board came from which folder; a delayed component forgets between two commands.
@Component(service = VmCommands.class, immediate = true)
@GogoCommand(scope = "vm", function = {"load", "verify", "replay"})
public final class VmCommands {
    /** Session variable that holds the name of the current board, for all commands. */
    private static final String CURRENT = Board.NAME;

    private final Boards boards;
    private final CaptureLoader loader;
    private final CaptureFolders captures;
    private final Map<String, Path> folders = new ConcurrentHashMap<>();

    /** Made by the framework. */
    @Activate
    public VmCommands(BundleContext context, @Reference Boards boards) {
        this.boards = boards;
        captures = new CaptureFolders(context.getProperty("backplane.home"));
        loader = new CaptureLoader(boards);
    }

    /** {@return what was loaded} */
    @Descriptor("Put a captured guest into a fresh board, which becomes the current one: memory, SMMUs, GIC, ITS")
    public String load(
            CommandSession session,
            @Descriptor("folder of the capture, or the name of a shipped one: linux") String folder,
            @Descriptor("name of the board; default: the folder's name") String... name) throws InterruptedException {
        requireAtMostOne("name", name);
        Path path = captures.find(session.currentDir(), folder);
        return load(session, path, CaptureReader.read(path), name.length == 0 ? "" : name[0]);
    }

    private String load(CommandSession session, Path path, Capture capture, String wanted) throws InterruptedException {
        String name = wanted.isEmpty() ? capture.name() : wanted;
        if (boards.find(name).isPresent()) {
            throw new IllegalArgumentException("there is a board '%s' already; ".formatted(name)
                    + "name another (vm:load FOLDER NAME) or type board:destroy " + name);
        }
        CaptureLoader.Loaded loaded = loader.load(capture, name);
        folders.put(name, path);
        session.put(CURRENT, name);
        var text = new StringBuilder("board %s: %d MiB RAM, %d processors, %d SMMU%s,%n%d pages of memory, %d mappings"
                .formatted(name, capture.machine().memory() >>> 20, capture.machine().processors(),
                        capture.smmus().size(),
                        capture.smmus().size() == 1 ? "" : "s", loaded.pages(), capture.mappings().size()));
        if (loaded.withoutModel() > 0) {
            text.append("%n%d functions have no model here; dma: and msi: take their addresses"
                    .formatted(loaded.withoutModel()));
        }
        loaded.differences().forEach(line -> text.append("\nregister differs: ").append(line));
        return text.toString();
    }

    /** {@return the counts} */
    @Descriptor("Translate everything a capture knows through the board's SMMUs and compare; fails on a difference")
    public String verify(
            CommandSession session,
            @Descriptor("folder of the capture, loaded first when the current board is not of it; "
                    + "default: that of the current board") String... folder) throws InterruptedException {
        requireAtMostOne("folder", folder);
        Path path = folder.length > 0
                ? captures.find(session.currentDir(), folder[0])
                : folders.get(current(session).name());
        if (path == null) {
            throw new IllegalArgumentException("board '%s' was not loaded from a capture; type vm:verify FOLDER"
                    .formatted(current(session).name()));
        }
        Capture capture = CaptureReader.read(path);
        boolean loaded = session.get(CURRENT) instanceof String name && path.equals(folders.get(name))
                && boards.find(name).isPresent();
        if (!loaded) {
            load(session, path, capture, freeName(capture.name()));
        }
        Verification verification = Verification.run(current(session), capture);
        if (verification.differing() > 0) {
            throw new IllegalStateException("%d of %d rows differ%n%s".formatted(verification.differing(),
                    verification.differing() + verification.agreed(), verification.report()));
        }
        return verification.report();
    }

    /** {@return the counts} */
    @Descriptor("Repeat a driver's recorded register accesses on a fresh board and compare what it reads; fails on a "
            + "difference")
    public String replay(
            CommandSession session,
            @Descriptor("folder of the capture, or the name of a shipped one: linux") String folder) throws InterruptedException {
        Capture capture = CaptureReader.read(captures.find(session.currentDir(), folder));
        String name = freeName(capture.name() + "-replay");
        Board board = loader.prepare(capture, name);
        try {
            Replay replay = Replay.run(board, capture);
            if (replay.differing() > 0) {
                throw new IllegalStateException(replay.report());
            }
            return replay.report();
        } finally {
            boards.destroy(name);
        }
    }

    private static void requireAtMostOne(String what, String... given) {
        if (given.length > 1) {
            throw new IllegalArgumentException(
                    "expected one %s at the most, '%s': leave out '%s'".formatted(what, given[0], given[1]));
        }
    }

    private String freeName(String stem) {
        String name = stem;
        for (int i = 2; boards.find(name).isPresent(); i++) {
            name = stem + "-" + i;
        }
        return name;
    }

    private Board current(CommandSession session) {
        if (session.get(CURRENT) instanceof String name) {
            return boards.find(name).orElseThrow(() -> new IllegalArgumentException(
                    "the current board '%s' is gone; type board:use NAME".formatted(name)));
        }
        List<Board> all = boards.list();
        if (all.isEmpty()) {
            throw new IllegalArgumentException("there is no board; type vm:load FOLDER");
        }
        return all.getFirst();
    }
}
