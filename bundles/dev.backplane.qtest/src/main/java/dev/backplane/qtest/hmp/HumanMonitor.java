package dev.backplane.qtest.hmp;

import dev.backplane.board.Board;
import dev.backplane.qtest.qom.QomTree;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** A few commands of the human monitor: a line in, a text out. What is wrong with a line is text too. */
public final class HumanMonitor {
    private final Map<String, Function<Board, String>> topics = new LinkedHashMap<>();
    private final Optional<Board> board;

    /** Makes one. */
    public HumanMonitor(Optional<Board> board, QomTree tree) {
        this.board = board;
        topics.put("pci", InfoPci::text);
        topics.put("mtree", InfoMtree::text);
        topics.put("qtree", InfoQtree::text);
        topics.put("qom-tree", machine -> InfoQomTree.text(tree.root()));
        topics.put("irq", InfoIrq::text);
    }

    /** {@return what a command line prints} */
    public String run(String line) {
        List<String> words = Arrays.asList(line.strip().split("\\s+"));
        String command = words.getFirst();
        if (command.isEmpty()) {
            return "";
        }
        if (command.equals("info")) {
            Function<Board, String> topic = words.size() > 1 ? topics.get(words.get(1)) : null;
            return topic == null
                    ? "info: expected one of %s\r\n".formatted(String.join(", ", topics.keySet()))
                    : onBoard(topic);
        }
        if (command.equals("xp") || command.startsWith("xp/")) {
            return onBoard(machine -> PhysicalDump.run(machine, words));
        }
        if (command.equals("help")) {
            return "info %s\r\nxp /FMT ADDRESS\r\n".formatted(String.join("|", topics.keySet()));
        }
        return "unknown command: '%s'\r\n".formatted(command);
    }

    private String onBoard(Function<Board, String> command) {
        return board.map(command).orElse("").replace("\n", "\r\n");
    }
}
