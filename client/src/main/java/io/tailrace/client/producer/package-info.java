/** How a producer works inside: batches, their memory, and the requests that carry them. */
package io.tailrace.client.producer;
