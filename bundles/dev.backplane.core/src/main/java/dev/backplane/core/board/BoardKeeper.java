package dev.backplane.core.board;

import dev.backplane.board.Board;
import dev.backplane.board.BoardDefinition;

/** Makes boards from configurations; a service inside this bundle. */
public interface BoardKeeper {
    /**
     * Makes a board. Unlike one that a caller asks for, it exists even if its machine type refuses the options: a
     * configuration has nobody to tell, so the board says it when it is asked why it is not complete.
     *
     * @param definition what the board is to be
     * @return the board
     * @throws IllegalArgumentException if the name is taken
     */
    Board keep(BoardDefinition definition);
}
