/**
 * Consumer groups as pure state machines: a request gives a {@link
 * io.tailrace.coordinator.group.Decision}, whose records change the state when they are replayed
 * from the log.
 */
package io.tailrace.coordinator.group;
