/** The log of a partition: the interface, and an implementation in memory. */
package io.tailrace.broker.log;
