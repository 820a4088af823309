/** Counters, timers and gauges of the broker, for Prometheus. */
package io.tailrace.broker.metrics;
