/**
 * Carries messages of queues to other topics: what the copies look like, where they go, and the
 * requests to the brokers that lead there.
 */
package io.tailrace.broker.forward;
