/** What becomes of each message of a queue on one partition: pure, replayed from deltas. */
package io.tailrace.coordinator.queue;
