package dev.backplane.devices.edu;

import dev.backplane.irq.EventFd;
import dev.backplane.memory.Ticket;
import dev.backplane.memory.TransactionContext;
import dev.backplane.memory.TransactionResult;
import dev.backplane.pci.PciDeviceContext;

/**
 * The interrupt logic: a status register, and either the pin, a level that holds until the status is clear, or one
 * message for each raise. Messages leave one after the other; what could not leave yet is counted, so that a hand-over
 * loses and invents none. Thread-safe.
 */
final class EduInterrupts {
    /** The one vector. */
    static final int VECTOR = 0;

    private final PciDeviceContext board;
    /** Sends the vector through the accelerator; null for a write of the function. */
    private final EventFd message;
    /** Serializes the drives of the pin, so that the last one carries the newest level. */
    private final Object pin = new Object();

    private int status;
    private long owed;
    private boolean sending;
    private Ticket held;
    private int generation;
    private boolean quiesced;

    EduInterrupts(PciDeviceContext board, EventFd message) {
        this.board = board;
        this.message = message;
    }

    synchronized int status() {
        return status;
    }

    /** Sets status bits and signals, as a call-out of the access or expiry under way. */
    void raise(int bits) {
        synchronized (this) {
            status |= bits;
            if (status == 0) {
                return;
            }
            if (board.msiEnabled()) {
                owed++;
            }
        }
        board.defer(this::signal);
    }

    /** Clears status bits; the pin falls when none is left. */
    void acknowledge(int bits) {
        synchronized (this) {
            status &= ~bits;
        }
        board.defer(_ -> drivePin());
    }

    private void signal(TransactionContext context) {
        drivePin();
        sendOwed(context);
    }

    void drivePin() {
        synchronized (pin) {
            board.intx().set(status() != 0 && !board.msiEnabled());
        }
    }

    private void sendOwed(TransactionContext context) {
        while (true) {
            int mine;
            synchronized (this) {
                if (quiesced || sending || owed == 0) {
                    return;
                }
                owed--;
                sending = true;
                mine = ++generation;
            }
            TransactionResult result = send(context);
            if (result instanceof TransactionResult.Pending(Ticket ticket)) {
                hold(ticket, mine);
                return;
            }
            sent(mine, result);
        }
    }

    private TransactionResult send(TransactionContext context) {
        if (message == null) {
            return board.sendMsi(context, VECTOR);
        }
        message.signal();
        return TransactionResult.Done.DONE;
    }

    private void hold(Ticket ticket, int mine) {
        boolean stale;
        synchronized (this) {
            stale = mine != generation;
            if (!stale) {
                held = ticket;
                stale = quiesced;
            }
        }
        ticket.whenDone((context, result) -> {
            sent(mine, result);
            sendOwed(context);
        });
        if (stale) {
            takeBack(ticket, mine);
        }
    }

    private void sent(int mine, TransactionResult result) {
        synchronized (this) {
            if (mine != generation || !sending) {
                return;
            }
            sending = false;
            held = null;
        }
        if (result instanceof TransactionResult.Fault fault) {
            board.log().guestError("MSI was not delivered: " + fault);
        }
    }

    /** A held message is owed again if it can be cancelled; else it has left, or is leaving right now. */
    private void takeBack(Ticket ticket, int mine) {
        if (!ticket.cancel()) {
            ticket.result().ifPresent(result -> sent(mine, result));
            return;
        }
        synchronized (this) {
            if (mine == generation && sending) {
                sending = false;
                held = null;
                owed++;
            }
        }
    }

    /**
     * Settles a message that was held when the device was quiesced. One that was leaving just then has left by the time
     * of the save, or was held again.
     */
    void takeBackHeld() {
        Ticket ticket;
        int mine;
        synchronized (this) {
            ticket = held;
            mine = generation;
        }
        if (ticket != null) {
            takeBack(ticket, mine);
        }
    }

    void quiesce() {
        synchronized (this) {
            quiesced = true;
        }
        takeBackHeld();
    }

    void resume() {
        synchronized (this) {
            quiesced = false;
        }
        board.defer(this::signal);
    }

    void reset() {
        Ticket ticket;
        synchronized (this) {
            ticket = held;
            generation++;
            held = null;
            sending = false;
            owed = 0;
            status = 0;
        }
        if (ticket != null) {
            ticket.cancel();
        }
    }

    /** {@return messages that have not begun to leave} */
    synchronized long owed() {
        return owed;
    }

    synchronized void restore(int savedStatus, long savedOwed) {
        quiesced = true;
        status = savedStatus;
        owed = savedOwed;
    }
}
