package dev.backplane.launcher;

/** What the process answers to its parent. */
final class ExitStatus {

    static final int DONE = 0;
    static final int WRONG_USAGE = 2;
    static final int START_FAILED = 3;
    static final int INTERRUPTED = 130;

    private ExitStatus() {}
}
