/** Partitions: what a broker knows and does about each, on the thread that owns it. */
package io.tailrace.broker.partition;
