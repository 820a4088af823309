/** The log of a partition: the interface. */
package io.tailrace.broker.log;
