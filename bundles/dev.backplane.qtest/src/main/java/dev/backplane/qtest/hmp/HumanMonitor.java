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
    private final Map<String, Topic> topics = new LinkedHashMap<>();
    private final Optional<Board> board;

    /**
     * What info can tell.
     *
     * @param summary what it is, for the help
     * @param text tells it of a board
     */
    private record Topic(String summary, Function<Board, String> text) {}

    /** Makes one. */
    public HumanMonitor(Optional<Board> board, QomTree tree) {
        this.board = board;
        topics.put("pci", new Topic("PCI functions, their BARs and bridges", InfoPci::text));
        topics.put("mtree", new Topic("memory map", InfoMtree::text));
        topics.put("qtree", new Topic("devices by bus", InfoQtree::text));
        topics.put("qom-tree", new Topic("all objects", machine -> InfoQomTree.text(tree.root())));
        topics.put("irq", new Topic("pending interrupts by controller", InfoIrq::text));
    }

    /** {@return what a command line prints} */
    public String run(String line) {
        List<String> words = Arrays.asList(line.strip().split("\\s+"));
        String command = words.getFirst();
        if (command.isEmpty()) {
            return "";
        }
        if (command.equals("info")) {
            Topic topic = words.size() > 1 ? topics.get(words.get(1)) : null;
            return topic == null
                    ? "info: expected one of %s\r\n".formatted(String.join(", ", topics.keySet()))
                    : onBoard(topic.text());
        }
        if (command.equals("xp") || command.startsWith("xp/")) {
            return onBoard(machine -> PhysicalDump.run(machine, words));
        }
        if (command.equals("help")) {
            return words.size() > 1 && words.get(1).equals("info") ? helpOnInfo() : help();
        }
        return "unknown command: '%s'\r\n".formatted(command);
    }

    private String help() {
        return "info %s\r\nxp /FMT ADDRESS\r\n".formatted(String.join("|", topics.keySet()));
    }

    /** One topic to a line: clients cut out the command, up to the blank behind it, and run it. */
    private String helpOnInfo() {
        var text = new StringBuilder();
        topics.forEach((name, topic) -> text.append("info %s  -- show %s\r\n".formatted(name, topic.summary())));
        return text.toString();
    }

    private String onBoard(Function<Board, String> command) {
        return board.map(command).orElse("").replace("\n", "\r\n");
    }
}
