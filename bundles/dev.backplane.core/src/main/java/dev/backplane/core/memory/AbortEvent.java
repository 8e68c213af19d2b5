package dev.backplane.core.memory;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A transaction ended as a fault because of the state of a slot. It lasts for as long as the transaction was held. */
@Name("dev.backplane.Abort")
@Label("Transaction Aborted")
@Category({"Backplane", "Slots"})
@StackTrace(false)
final class AbortEvent extends Event {
    @Label("Slot")
    String slot;

    @Label("Fault")
    @Description("How the transaction ended")
    String fault;
}
