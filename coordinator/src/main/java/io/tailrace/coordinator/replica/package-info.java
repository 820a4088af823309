/** What one replica of a partition knows of the others, and what it may acknowledge. Pure. */
package io.tailrace.coordinator.replica;
