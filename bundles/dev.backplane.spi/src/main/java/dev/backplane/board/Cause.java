package dev.backplane.board;

/**
 * Why something is not there.
 *
 * @param subject what is affected: a board or a slot
 * @param reason the first real cause
 * @param remedy what would help, as a command or a step; {@code ""} when nothing is known
 */
public record Cause(String subject, String reason, String remedy) {}
