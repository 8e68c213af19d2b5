package dev.backplane.qtest.commandline;

import dev.backplane.qtest.processor.ProcessorModel;
import dev.backplane.qtest.processor.Topology;
import java.util.ArrayList;
import java.util.List;

/** What {@code -smp} and {@code -cpu} say. */
final class ProcessorArguments {
    private static final int MOST_PROCESSORS = 512;
    private static final int MOST_DIGITS = 4;
    private static final int OPEN = 0;

    /** Levels that the machine does not have: there may be one of each. */
    private static final List<String> SINGLE_LEVELS = List.of("drawers", "books", "dies", "modules");

    private ProcessorArguments() {}

    /**
     * {@return the arrangement} Of the levels that are left open cores take what is needed, else sockets, else threads.
     */
    static Topology topology(OptionGroup group) throws CommandLineException {
        for (String level : SINGLE_LEVELS) {
            if (count(group, level, 1) != 1) {
                throw new CommandLineException("-smp: %s=%s: this machine has no %s: expected 1, or sockets, clusters,"
                        .formatted(level, group.require(level), level) + " cores or threads");
            }
        }
        int cpus = count(group, "cpus", OPEN);
        int most = count(group, "maxcpus", cpus);
        int sockets = count(group, "sockets", OPEN);
        int clusters = count(group, "clusters", 1);
        int cores = count(group, "cores", OPEN);
        int threads = count(group, "threads", OPEN);
        if (most != OPEN) {
            if (cores == OPEN) {
                sockets = otherwise(sockets, 1);
                threads = otherwise(threads, 1);
                cores = share(most, sockets, clusters, threads);
            } else if (sockets == OPEN) {
                threads = otherwise(threads, 1);
                sockets = share(most, clusters, cores, threads);
            } else if (threads == OPEN) {
                threads = share(most, sockets, clusters, cores);
            }
        }
        sockets = otherwise(sockets, 1);
        cores = otherwise(cores, 1);
        threads = otherwise(threads, 1);
        long product = (long) sockets * clusters * cores * threads;
        if (product > MOST_PROCESSORS || most > MOST_PROCESSORS) {
            throw new CommandLineException("-smp: %d processors are too many: expected 1 to %d"
                    .formatted(Math.max(product, most), MOST_PROCESSORS));
        }
        most = otherwise(most, (int) product);
        try {
            return new Topology(otherwise(cpus, most), most, sockets, clusters, cores, threads);
        } catch (IllegalArgumentException e) {
            throw new CommandLineException("-smp: %s; leave out what can be calculated".formatted(e.getMessage()));
        }
    }

    private static int otherwise(int value, int open) {
        return value == OPEN ? open : value;
    }

    /** {@return what one of a level has, at least one} */
    private static int share(int most, int one, int other, int another) {
        return Math.max(1, (int) (most / ((long) one * other * another)));
    }

    private static int count(OptionGroup group, String key, int otherwise) throws CommandLineException {
        String text = group.values().get(key);
        if (text == null) {
            return otherwise;
        }
        int number = isShort(text) ? Integer.parseInt(text) : OPEN;
        if (number < 1 || number > MOST_PROCESSORS) {
            throw new CommandLineException(
                    "-smp: %s=%s: expected 1 to %d".formatted(key, text, MOST_PROCESSORS));
        }
        return number;
    }

    private static boolean isShort(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) < '0' || text.charAt(i) > '9') {
                return false;
            }
        }
        return !text.isEmpty() && text.length() <= MOST_DIGITS;
    }

    /**
     * {@return the model that {@code -cpu} names} Its features are not looked at.
     *
     * @param accelerators accelerators of the command line
     */
    static ProcessorModel model(String text, List<String> accelerators) throws CommandLineException {
        int comma = text.indexOf(',');
        String name = comma < 0 ? text : text.substring(0, comma);
        ProcessorModel model = ProcessorModel.find(name).orElse(null);
        if (model == null) {
            throw new CommandLineException("-cpu %s: there is no processor model '%s'; the nearest one is %s; use -cpu help"
                    .formatted(text, name, Nearest.to(name, names())) + " to list them");
        }
        if (model.needsAccelerator() && !accelerators.contains("kvm")) {
            throw new CommandLineException("-cpu %s: needs -accel kvm; the nearest one without it is max".formatted(text));
        }
        if (comma >= 0) {
            for (String feature : text.substring(comma + 1).split(",", -1)) {
                if (feature.indexOf('=') < 1) {
                    throw new CommandLineException(
                            "-cpu %s: '%s': expected key=value, such as pmu=off".formatted(text, feature));
                }
            }
        }
        return model;
    }

    /** {@return names of models that are there in any case} */
    private static List<String> names() {
        List<String> names = new ArrayList<>();
        for (ProcessorModel model : ProcessorModel.values()) {
            if (!model.needsAccelerator()) {
                names.add(model.modelName());
            }
        }
        return names;
    }

    /** {@return what {@code -cpu help} prints} */
    static String help() {
        var text = new StringBuilder("Available CPUs:\n");
        for (ProcessorModel model : ProcessorModel.values()) {
            text.append("  ").append(model.modelName()).append(model.needsAccelerator() ? " (with -accel kvm)\n" : "\n");
        }
        return text.toString();
    }
}
