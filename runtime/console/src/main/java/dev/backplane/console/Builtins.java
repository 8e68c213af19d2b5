package dev.backplane.console;

import java.util.ArrayList;
import java.util.Dictionary;
import java.util.Hashtable;
import java.util.List;
import org.apache.felix.gogo.jline.Builtin;
import org.apache.felix.gogo.jline.Converters;
import org.apache.felix.gogo.jline.Procedural;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.Converter;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceRegistration;

/** The commands that a shell has of its own: text tools for pipes, control flow, help. */
final class Builtins {

    private static final String[] TEXT = {
        "cat", "echo", "grep", "sort", "sleep", "cd", "pwd", "ls", "less", "watch", "head", "tail", "clear", "wc", "date"
    };
    private static final String[] FLOW = {
        "each", "if", "not", "throw", "try", "until", "while", "break", "continue"
    };
    private static final String[] SHELL = {
        "format", "getopt", "new", "set", "tac", "type", "jobs", "fg", "bg", "history", "setopt", "unsetopt",
        "complete", "keymap", "widget"
    };

    private final List<ServiceRegistration<?>> registrations = new ArrayList<>();

    private Builtins() {}

    static Builtins register(BundleContext context, CommandProcessor processor) {
        Builtins builtins = new Builtins();
        builtins.add(context, new TextTools(processor), "gogo", TEXT);
        builtins.add(context, new Procedural(), "gogo", FLOW);
        builtins.add(context, new Builtin(), "gogo", SHELL);
        builtins.add(context, new ConsoleCommands(), "console", "help", "exit", "quit", "source");
        // The felix commands take a bundle by its number or symbolic name.
        builtins.registrations.add(context.registerService(Converter.class, new Converters(context), new Hashtable<>()));
        return builtins;
    }

    void unregister() {
        registrations.forEach(ServiceRegistration::unregister);
        registrations.clear();
    }

    private void add(BundleContext context, Object commands, String scope, String... functions) {
        Dictionary<String, Object> properties = new Hashtable<>();
        properties.put(CommandProcessor.COMMAND_SCOPE, scope);
        properties.put(CommandProcessor.COMMAND_FUNCTION, functions);
        registrations.add(context.registerService(Object.class, commands, properties));
    }
}
