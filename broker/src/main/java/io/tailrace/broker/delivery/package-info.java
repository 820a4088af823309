/**
 * Queues on the partitions of a broker: what is delivered to consumers, what they answer, and the
 * delivery logs that remember both.
 */
package io.tailrace.broker.delivery;
