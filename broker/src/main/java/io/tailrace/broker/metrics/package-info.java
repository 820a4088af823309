/** What the broker counts and times of itself, for Prometheus. */
package io.tailrace.broker.metrics;
