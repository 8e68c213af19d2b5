package dev.backplane.vm.verify;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Counts what agreed, differed or was set aside in one file. Not thread-safe. */
public final class Tally {
    private static final int KEPT = 5;

    private final String file;
    private final Map<PeerBehaviour, Integer> setAside = new EnumMap<>(PeerBehaviour.class);
    private final List<String> first = new ArrayList<>();
    private int agreed;
    private int differing;
    private int stale;

    /** Starts counting. */
    public Tally(String file) {
        this.file = file;
    }

    /** Counts a row that agreed. */
    public void agree() {
        agreed++;
    }

    /** Counts a row that differed; the first ones are kept in full. */
    public void differ(String row) {
        differing++;
        if (first.size() < KEPT) {
            first.add(row);
        }
    }

    /** Counts a row that a rule sets aside. */
    public void setAside(PeerBehaviour rule) {
        setAside(rule, 1);
    }

    /** Counts rows that a rule sets aside. */
    public void setAside(PeerBehaviour rule, int rows) {
        if (rows > 0) {
            setAside.merge(rule, rows, Integer::sum);
        }
    }

    /**
     * Counts a row that says nothing about the tables as they are: its translation was invalidated before the freeze.
     */
    public void stale() {
        stale++;
    }

    /** {@return rows that say nothing about the tables as they are} */
    public int staleRows() {
        return stale;
    }

    /** {@return the file's name} */
    public String file() {
        return file;
    }

    /** {@return rows that agreed} */
    public int agreed() {
        return agreed;
    }

    /** {@return rows that differed} */
    public int differing() {
        return differing;
    }

    /** {@return rows set aside} */
    public int aside() {
        return setAside.values().stream().mapToInt(Integer::intValue).sum();
    }

    /** {@return rows set aside by rule} */
    public Map<String, Integer> rules() {
        var rules = new TreeMap<String, Integer>();
        setAside.forEach((rule, count) -> rules.put(rule.label(), count));
        return rules;
    }

    /** {@return the first differing rows} */
    public List<String> firstDifferences() {
        return first;
    }
}
