package dev.backplane.qtest;

import dev.backplane.qtest.commandline.CommandLineException;
import dev.backplane.qtest.commandline.CommandLineParser;
import dev.backplane.qtest.commandline.SystemCommand;
import dev.backplane.qtest.commandline.SystemCommand.Task;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Answers command lines that ask for nothing that a bundle would have to tell. The launcher makes one by its name,
 * before there is a framework, and knows it as a {@code Function} only. Stateless.
 */
public final class PlainAnswers implements Function<List<String>, Optional<String>> {
    /** For whoever makes one by its name. */
    public PlainAnswers() {}

    /** {@return what to print, or empty when the framework is needed or the command line is wrong} */
    @Override
    public Optional<String> apply(List<String> arguments) {
        try {
            return to(CommandLineParser.parse(arguments).task());
        } catch (CommandLineException e) {
            return Optional.empty(); // reported where all are
        }
    }

    static Optional<String> to(Task task) {
        return switch (task) {
            case Task.Help() -> Optional.of(HelpTexts.version() + SystemCommand.help());
            case Task.Version() -> Optional.of(HelpTexts.version());
            case Task.Text(String text) -> Optional.of(text);
            default -> Optional.empty();
        };
    }
}
