package dev.backplane.qtest.protocol;

import java.io.IOException;

/** A command of the protocol. */
@FunctionalInterface
interface Command {
    /**
     * Carries it out and writes its reply, without the line end.
     *
     * @throws CommandFailure if it cannot be carried out; nothing was written then
     */
    void run(Words words, Replies replies) throws CommandFailure, IOException;
}
