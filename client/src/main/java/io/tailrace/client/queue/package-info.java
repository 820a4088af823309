/** Queues as a client sees them. */
package io.tailrace.client.queue;
