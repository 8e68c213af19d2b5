package dev.backplane.shell.text;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Finds what a person may have meant by a name that does not exist. */
public final class NearMiss {
    private NearMiss() {}

    /**
     * {@return the error for a name that does not exist}
     *
     * @param kind what the name was to name, for example {@code slot}
     * @param name what was typed
     * @param known names that exist
     * @param next what to type to see them, for example {@code board:slots lists them}
     */
    public static IllegalArgumentException unknown(
            String kind, String name, Collection<String> known, String next) {
        List<String> near = suggestions(name, known);
        String hint = near.isEmpty() ? "" : "; did you mean " + quoted(near) + "?";
        return new IllegalArgumentException("no %s '%s'%s%s%s"
                .formatted(kind, name, hint, hint.isEmpty() ? "; " : " ", next));
    }

    /** {@return at most three known names that are like the given one, most similar first} */
    public static List<String> suggestions(String name, Collection<String> known) {
        String wanted = name.toLowerCase(Locale.ROOT);
        int tolerance = Math.max(1, wanted.length() / 3);
        record Scored(String name, int distance) {}
        return known.stream()
                .map(candidate -> new Scored(candidate, distance(wanted, candidate.toLowerCase(Locale.ROOT))))
                .filter(scored -> scored.distance <= tolerance
                        || wanted.length() >= 3 && scored.name.toLowerCase(Locale.ROOT).contains(wanted))
                .sorted(Comparator.comparingInt(Scored::distance).thenComparing(Scored::name))
                .limit(3)
                .map(Scored::name)
                .toList();
    }

    private static String quoted(List<String> names) {
        return String.join(" or ", names.stream().map(name -> "'" + name + "'").toList());
    }

    /** Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours cost 1 each. */
    static int distance(String a, String b) {
        int[][] cost = new int[a.length() + 1][b.length() + 1];
        for (int i = 0; i <= a.length(); i++) {
            for (int j = 0; j <= b.length(); j++) {
                if (i == 0 || j == 0) {
                    cost[i][j] = i + j;
                    continue;
                }
                int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
                cost[i][j] = Math.min(cost[i - 1][j - 1] + change, 1 + Math.min(cost[i - 1][j], cost[i][j - 1]));
                boolean swapped = i > 1 && j > 1 && a.charAt(i - 1) == b.charAt(j - 2)
                        && a.charAt(i - 2) == b.charAt(j - 1);
                if (swapped) {
                    cost[i][j] = Math.min(cost[i][j], cost[i - 2][j - 2] + 1);
                }
            }
        }
        return cost[a.length()][b.length()];
    }
}
