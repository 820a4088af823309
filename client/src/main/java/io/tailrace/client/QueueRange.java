package io.tailrace.client;

/**
 * A replay or back-fill of a queue on one partition.
 *
 * @param backFill whether it adds what new bindings match; else it repeats what was delivered
 * @param from the first offset
 * @param to the offset behind the last
 * @param reached the offset up to which its messages were delivered
 * @param unsettled messages that were found and are not settled
 */
public record QueueRange(
    TopicPartition partition, boolean backFill, long from, long to, long reached, long unsettled) {}
