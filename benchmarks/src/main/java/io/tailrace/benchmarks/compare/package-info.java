/**
 * Measures brokers side by side: the same loop over two drivers, every measurement in a fresh
 * client process against a fresh broker process, in alternating pairs.
 */
package io.tailrace.benchmarks.compare;
