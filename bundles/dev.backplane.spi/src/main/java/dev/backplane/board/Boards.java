package dev.backplane.board;

import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/** The boards of this framework; an OSGi service. Each {@link Board} is a service too. Thread-safe. */
@ProviderType
public interface Boards {

    /** {@return all boards, in the order in which they were made} */
    List<Board> list();

    /** {@return the board of that name} */
    Optional<Board> find(String name);

    /**
     * Makes a board. It composes itself as machine type and device factories become available; until then {@link
     * Board#why} says what it waits for.
     *
     * @param definition what the board is to be
     * @return the board, at once
     * @throws IllegalArgumentException if the name is taken, or the machine type is there and refuses the options
     */
    Board create(BoardDefinition definition);

    /**
     * Disposes of a board, its devices and its memory.
     *
     * @throws IllegalArgumentException if there is no such board
     */
    void destroy(String name);
}
