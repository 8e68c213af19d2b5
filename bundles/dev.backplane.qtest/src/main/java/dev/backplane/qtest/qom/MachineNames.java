package dev.backplane.qtest.qom;

import dev.backplane.board.MachineType;
import dev.backplane.qtest.commandline.Nearest;
import dev.backplane.qtest.control.Providers;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Machine types under the names that clients use. {@code virt} has a name for each version of the machine that clients
 * may ask for; they are one machine, but for what older ones lack.
 */
public final class MachineNames {
    /** Newest version of {@code virt}. */
    public static final Version NEWEST = new Version(11, 1);

    private static final Version OLDEST = new Version(2, 6);

    /** Since this version the SMMU of the machine translates in both stages; before, -global chooses. */
    private static final Version BOTH_STAGES = new Version(9, 2);

    private static final Pattern VERSIONED = Pattern.compile("virt-([0-9]{1,2})\\.([0-9]{1,2})");
    private static final int MOST_PROCESSORS = 512;

    private final Providers providers;

    /** Takes what there is. */
    public MachineNames(Providers providers) {
        this.providers = providers;
    }

    /** A version of a machine. */
    public record Version(int major, int minor) implements Comparable<Version> {
        @Override
        public int compareTo(Version other) {
            return major != other.major ? Integer.compare(major, other.major) : Integer.compare(minor, other.minor);
        }

        @Override
        public String toString() {
            return major + "." + minor;
        }
    }

    /**
     * A machine as clients see it.
     *
     * @param name name
     * @param alias another name, or {@code ""}
     * @param description one line
     * @param processors most processors
     */
    public record Entry(String name, String alias, String description, int processors) {
        /** {@return whether its name has a version} */
        public boolean isVersioned() {
            return !alias.isEmpty();
        }

        /** {@return the type of the machine object} */
        public String qomType() {
            return name + "-machine";
        }
    }

    /** {@return all machines} */
    public List<Entry> list() {
        List<Entry> entries = new ArrayList<>();
        entries.add(new Entry("none", "", "empty machine", 1));
        for (MachineType type : providers.machineTypes()) {
            boolean many = type.options().stream().anyMatch(option -> option.name().equals("smp"));
            boolean versioned = type.name().equals("virt");
            entries.add(new Entry(
                    versioned ? "virt-" + NEWEST : type.name(),
                    versioned ? type.name() : "",
                    type.description(),
                    many ? MOST_PROCESSORS : 1));
        }
        return entries;
    }

    /** {@return what is said of a name that is none} */
    public String unsupported(String name) {
        List<String> names = new ArrayList<>();
        for (Entry entry : list()) {
            names.add(entry.name());
            if (entry.isVersioned()) {
                names.add(entry.alias());
            }
        }
        return "unsupported machine type: \"%s\"; the nearest supported one is %s; use -machine help to list supported"
                .formatted(name, Nearest.to(name, names)) + " machines";
    }

    /** {@return the name of the machine type that a name stands for: without the version} */
    public static String base(String name) {
        return isSupportedVersion(name) ? "virt" : name;
    }

    private static boolean isSupportedVersion(String name) {
        Matcher match = VERSIONED.matcher(name);
        return match.matches() && version(match).compareTo(OLDEST) >= 0 && version(match).compareTo(NEWEST) <= 0;
    }

    private static Version version(Matcher match) {
        return new Version(Integer.parseInt(match.group(1)), Integer.parseInt(match.group(2)));
    }

    /** {@return whether the SMMU of this machine has the stages that -global names} */
    public static boolean hasChoiceOfStages(String name) {
        Matcher match = VERSIONED.matcher(name);
        return match.matches() && version(match).compareTo(BOTH_STAGES) < 0;
    }

    /** {@return the type of the machine object for a name that a user wrote} */
    public static String qomType(String name) {
        return (name.equals("virt") ? "virt-" + NEWEST : name) + "-machine";
    }
}
