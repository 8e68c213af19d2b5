package dev.backplane.core.memory;

import dev.backplane.core.epoch.EpochContext;
import dev.backplane.memory.AccessKind;
import dev.backplane.memory.TransactionResult;
import java.lang.foreign.MemorySegment;

/** A transaction as it is kept when it is held: enough to perform it again, from where it was held. */
sealed interface Operation {

    /** {@return how it ended, or null when it met an obstacle that the context names} */
    TransactionResult perform(Port port, EpochContext context);

    /** {@return what is left to be done after it met an obstacle} */
    default Operation rest(EpochContext context) {
        return this;
    }

    /** Does to the initiator what a read that completes as zero does; nothing for a write. */
    void readAsZero();

    /** A transfer of a block. */
    record Block(AccessKind kind, long address, MemorySegment buffer, long offset, int length) implements Operation {
        @Override
        public TransactionResult perform(Port port, EpochContext context) {
            return port.transfer(context, kind, address, buffer, offset, length);
        }

        /** The devices that it went through before have had their part. */
        @Override
        public Operation rest(EpochContext context) {
            int done = context.takeProgress();
            return done == 0 ? this : new Block(kind, address + done, buffer, offset + done, length - done);
        }

        @Override
        public void readAsZero() {
            if (kind == AccessKind.READ) {
                buffer.asSlice(offset, length).fill((byte) 0);
            }
        }
    }

    /** A scalar; its data is on the context's bus after a read, which a ticket's completion receives as zero. */
    record Scalar(AccessKind kind, long address, int size, long value) implements Operation {
        @Override
        public TransactionResult perform(Port port, EpochContext context) {
            return port.scalar(context, kind, address, size, value);
        }

        @Override
        public void readAsZero() {}
    }

    /** An aligned 64-bit load. */
    record Load(long address) implements Operation {
        @Override
        public TransactionResult perform(Port port, EpochContext context) {
            return port.atomic(context, address, false, 0, 0);
        }

        @Override
        public void readAsZero() {}
    }

    /** An aligned 64-bit compare-and-exchange. */
    record CompareAndExchange(long address, long expected, long update) implements Operation {
        @Override
        public TransactionResult perform(Port port, EpochContext context) {
            return port.atomic(context, address, true, expected, update);
        }

        @Override
        public void readAsZero() {}
    }
}
