package dev.backplane.shell;

import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;

/** What a command takes, read from its method: options and positional arguments. */
final class Signature {

    /**
     * A parameter.
     *
     * @param names option names, empty for a positional argument
     * @param description help text
     * @param takesValue whether a value follows the option
     * @param kind what completion offers, if anything
     */
    record Argument(List<String> names, String description, boolean takesValue, Optional<Completes.Kind> kind) {}

    private final String description;
    private final List<Argument> options = new ArrayList<>();
    private final List<Argument> positional = new ArrayList<>();
    private final boolean variable;

    Signature(Method method) {
        description = method.getAnnotation(Descriptor.class).value();
        variable = method.isVarArgs();
        for (java.lang.reflect.Parameter parameter : method.getParameters()) {
            if (parameter.getType() == CommandSession.class) {
                continue;
            }
            Parameter option = parameter.getAnnotation(Parameter.class);
            Descriptor text = parameter.getAnnotation(Descriptor.class);
            var argument = new Argument(
                    option == null ? List.of() : Arrays.asList(option.names()),
                    text == null ? "" : text.value(),
                    option != null && option.presentValue().equals(Parameter.UNSPECIFIED),
                    Optional.ofNullable(parameter.getAnnotation(Completes.class)).map(Completes::value));
            (option == null ? positional : options).add(argument);
        }
    }

    String description() {
        return description;
    }

    List<Argument> options() {
        return options;
    }

    List<Argument> positional() {
        return positional;
    }

    /**
     * {@return what is to be completed}
     *
     * @param words the words of the line, the command first
     * @param index index of the word under the cursor, 1 or more
     */
    Optional<Completes.Kind> kindAt(List<String> words, int index) {
        Optional<Argument> before = option(words.get(index - 1));
        if (index > 1 && before.isPresent() && before.get().takesValue()) {
            return before.get().kind();
        }
        int place = 0;
        for (int i = 1; i < index; i++) {
            Optional<Argument> option = option(words.get(i));
            if (option.isEmpty()) {
                place++;
            } else if (option.get().takesValue()) {
                i++;
            }
        }
        if (variable && !positional.isEmpty()) {
            place = Math.min(place, positional.size() - 1);
        }
        return place < positional.size() ? positional.get(place).kind() : Optional.empty();
    }

    private Optional<Argument> option(String word) {
        return options.stream().filter(option -> option.names().contains(word)).findFirst();
    }
}
