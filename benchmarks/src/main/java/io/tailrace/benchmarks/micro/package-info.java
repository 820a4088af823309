/** JMH benchmarks of single parts; {@code bin/bench micro} runs them. */
package io.tailrace.benchmarks.micro;
