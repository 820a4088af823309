/** Programs that measure Tailrace; {@code bin/bench} starts them. */
package io.tailrace.benchmarks;
