/** Broker and client processes, and what they use of the machine. */
package io.tailrace.benchmarks.process;
