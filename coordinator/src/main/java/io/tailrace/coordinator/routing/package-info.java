/** Which bindings a routing key matches: pure, and the same on every replica. */
package io.tailrace.coordinator.routing;
