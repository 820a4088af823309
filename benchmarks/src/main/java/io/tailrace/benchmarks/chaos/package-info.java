/** Faults on a cluster of real processes, and the check of what its clients saw meanwhile. */
package io.tailrace.benchmarks.chaos;
