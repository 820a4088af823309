/** Broker and client processes, and their use of processor, memory and disk. */
package io.tailrace.benchmarks.process;
