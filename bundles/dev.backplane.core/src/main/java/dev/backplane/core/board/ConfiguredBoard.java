package dev.backplane.core.board;

import dev.backplane.board.BoardDefinition;
import dev.backplane.board.Boards;
import dev.backplane.board.DeviceRequest;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** A board for each configuration; it lives as long as the configuration is as it is. */
@Component(
        service = {},
        immediate = true,
        configurationPid = BoardDefinition.FACTORY_PID,
        configurationPolicy = ConfigurationPolicy.REQUIRE)
public final class ConfiguredBoard {
    private final Boards boards;
    private final String name;

    /**
     * Makes the board.
     *
     * @throws IllegalArgumentException if the configuration is no definition, or the name is taken
     */
    @Activate
    public ConfiguredBoard(
            @Reference Boards boards, @Reference BoardKeeper keeper, Map<String, Object> configuration) {
        this.boards = boards;
        BoardDefinition definition = definition(configuration);
        name = definition.name();
        keeper.keep(definition);
    }

    @Deactivate
    void deactivate() {
        boards.find(name).ifPresent(board -> boards.destroy(name));
    }

    /** {@return the definition that a configuration means} */
    static BoardDefinition definition(Map<String, Object> configuration) {
        List<DeviceRequest> devices =
                texts(configuration, "board.devices").map(DeviceArguments::device).toList();
        return new BoardDefinition(
                text(configuration, "board.name"),
                text(configuration, "board.machine"),
                DeviceArguments.options(texts(configuration, "board.options").toArray(String[]::new)),
                devices);
    }

    private static String text(Map<String, Object> configuration, String key) {
        if (configuration.get(key) instanceof String text && !text.isBlank()) {
            return text.strip();
        }
        throw new IllegalArgumentException("configuration %s: %s is '%s': expected a text"
                .formatted(BoardDefinition.FACTORY_PID, key, configuration.get(key)));
    }

    private static Stream<String> texts(Map<String, Object> configuration, String key) {
        return switch (configuration.get(key)) {
            case null -> Stream.empty();
            case String text when text.isBlank() -> Stream.empty();
            case String text -> Stream.of(text);
            case String[] texts -> Stream.of(texts);
            case List<?> list -> list.stream().map(String.class::cast);
            case Object other -> throw new IllegalArgumentException("configuration %s: %s is '%s': expected texts"
                    .formatted(BoardDefinition.FACTORY_PID, key, other));
        };
    }
}
