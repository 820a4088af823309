/** State that follows from a log alone: how it is replayed, cut, and kept in snapshots. */
package io.tailrace.broker.partition.derived;
