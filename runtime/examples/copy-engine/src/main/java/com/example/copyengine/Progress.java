package com.example.copyengine;

/**
 * How far a queue has come. Immutable: a step is one transaction, and only its end moves the queue on, so a transaction
 * that is given up for a hand-over is simply done again.
 *
 * @param step the next transaction
 * @param descriptor what is being carried out; null before one was fetched
 * @param offset bytes of it that are done
 * @param crc CRC-32C of these
 * @param outcome how it went, once that is known
 */
record Progress(Step step, Descriptor descriptor, long offset, int crc, Descriptor.Outcome outcome) {
    /** Transactions in the life of a descriptor. */
    enum Step {
        /** Read the descriptor at HEAD. */
        FETCH,
        /** Read a chunk of the source. */
        READ,
        /** Write a chunk to the destination. */
        WRITE,
        /** Write the result to the descriptor. */
        COMPLETE,
        /** Send the interrupt. */
        NOTIFY
    }

    static final Progress IDLE = new Progress(Step.FETCH, null, 0, 0, Descriptor.Outcome.NONE);

    /** {@return a descriptor was fetched} */
    static Progress of(Descriptor fetched) {
        return new Progress(Step.READ, fetched, 0, 0, Descriptor.Outcome.NONE).chunk();
    }

    /** {@return the next chunk, or the end when all is done} */
    private Progress chunk() {
        if (offset >= descriptor.length()) {
            return end(descriptor.operation() == Descriptor.Operation.UNKNOWN
                    ? Descriptor.Outcome.INVALID
                    : Descriptor.Outcome.DONE);
        }
        return at(descriptor.operation() == Descriptor.Operation.FILL ? Step.WRITE : Step.READ);
    }

    Progress at(Step next) {
        return new Progress(next, descriptor, offset, crc, outcome);
    }

    /** {@return a chunk was done} */
    Progress done(int bytes, int newCrc) {
        return new Progress(step, descriptor, offset + bytes, newCrc, outcome).chunk();
    }

    Progress end(Descriptor.Outcome how) {
        return new Progress(Step.COMPLETE, descriptor, offset, crc, how);
    }

    /** {@return what a successor has to do: a chunk that was read and not written is not saved, so it is read again} */
    Progress toSave() {
        return step == Step.WRITE && descriptor.operation() == Descriptor.Operation.COPY ? at(Step.READ) : this;
    }
}
